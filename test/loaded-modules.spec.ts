import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ROOT } from './support/pages.js';

/** What takes long to load, and a process may do without. */
const HEAVY = ['express', 'pino', 'prom-client', '@tensorflow/tfjs-node-gpu', 'libs/tensorflow'];

/** Those of them that a process has loaded once it has imported a package. */
async function loadedWith(name: string): Promise<string[]> {
  const program = `
    import { Session } from 'node:inspector';
    await import('${name}');
    const [session, scripts] = [new Session(), []];
    session.connect();
    session.on('Debugger.scriptParsed', ({ params }) => scripts.push(params.url));
    session.post('Debugger.enable');
    console.log(JSON.stringify(scripts));`;
  const cwd = join(ROOT, 'tools/cli');
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd });
  const scripts = JSON.parse(stdout) as string[];
  return HEAVY.filter((heavy) => scripts.some((script) => script.includes(`/${heavy}/`)));
}

describe('a process that imports', () => {
  it.each([
    ['@bluewaters/service', []],
    ['@bluewaters/training', []],
    ['@bluewaters/training/programs', ['libs/tensorflow']],
    // What is loaded is seen.
    ['prom-client', ['prom-client']],
  ])('%s loads of what takes long only %j', async (name, expected) => {
    expect(await loadedWith(name)).toEqual(expected);
  });
});
