import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const repository = new URL('../../..', import.meta.url).pathname;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bw-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Programs that stand on what is compiled, as people start them. */
function scripts(): [name: string, line: string][] {
  const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  return Object.entries(scripts).filter(([name]) => /^prove$|^bench:/u.test(name));
}

function setUp(...args: string[]) {
  const { UV_THREADPOOL_SIZE: _, ...env } = process.env;
  return spawnSync(process.execPath, [join(repository, 'tools/setup/setup.mjs'), ...args], { env, encoding: 'utf8' });
}

describe('a program that set-up hands over to', { timeout: 180_000 }, () => {
  it('is given its arguments and what must be set before Node starts, and its exit status is handed back', async () => {
    const file = join(folder, 'program.mjs');
    await writeFile(
      file,
      `import { existsSync } from 'node:fs';
      const built = existsSync(${JSON.stringify(join(repository, 'tools/cli/dist/main.js'))});
      const { UV_THREADPOOL_SIZE: threads, LIBTENSORFLOW_DIR: library } = process.env;
      console.log(JSON.stringify({ args: process.argv.slice(2), built, threads, library: existsSync(library) }));
      process.exit(3);`,
    );
    const { status, stdout, stderr } = setUp('program', file, 'some', '--turns', '5');
    expect(stderr).toMatch(/^set-up: ready: /mu);
    expect(JSON.parse(stdout)).toEqual({
      args: ['some', '--turns', '5'],
      ...{ built: true, threads: '16', library: true },
    });
    expect(status).toBe(3);
  });

  it('has to be named', () => {
    const { status, stderr } = setUp('program');
    expect(stderr).toContain('No program is named.');
    expect(status).toBe(1);
  });

  it.each(scripts())('is what npm run %s starts, so that a fresh clone needs no other command first', (_, line) => {
    const [, file = ''] = /^node tools\/setup\/setup\.mjs program (\S+)$/u.exec(line) ?? [];
    expect(existsSync(join(repository, file || 'none'))).toBe(true);
  });
});
