import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withoutOptions } from './support/cli.js';
import { copyBuilds, copyRepository } from './support/clone.js';

/** Where root and, on most systems, anyone may do so, a program is started without any network. */
const WITHOUT_NETWORK = [
  ['unshare', '--net'],
  ['unshare', '--map-root-user', '--net'],
].find(([program = '', ...args]) => spawnSync(program, [...args, 'true']).status === 0);

/** Where that is forbidden, as in most containers: nobody answers at port 9. */
const DEAD_PROXIES = {
  npm_config_offline: 'true',
  PIP_NO_INDEX: '1',
  ...Object.fromEntries(
    ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].map((name) => [name, 'http://127.0.0.1:9']),
  ),
};

/** Programs that fetch, install, unpack or compile. */
const TOOLS = ['npm', 'npx', 'pip', 'pip3', 'python', 'python3', 'git', 'go', 'tar', 'curl', 'wget'];
const COMPILERS = ['cc', 'gcc', 'g++', 'c++', 'clang', 'clang++', 'make', 'node-gyp'];

describe('set-up of a fresh clone, without a network and with warm caches', { timeout: 600_000 }, () => {
  let directory: string;
  let first: Ended;
  const clone = (file = '.'): string => join(directory, 'clone', file);

  beforeAll(async () => {
    directory = await temporaryDirectory();
    await copyRepository(clone());
    // Compiling reaches no network, and every run of the tests has done it already.
    await copyBuilds(clone());
    first = await setUp({});
  }, 600_000);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  interface Ended {
    readonly code: number | null;
    readonly stderr: string;
  }

  function setUp(environment: NodeJS.ProcessEnv): Promise<Ended> {
    const { LIBTENSORFLOW_DIR, ...own } = withoutOptions(process.env);
    // A library in the cache must be found there; one that the user named has to be named again.
    const named = LIBTENSORFLOW_DIR?.includes('/bluewaters/libtensorflow/') === false ? { LIBTENSORFLOW_DIR } : {};
    const [program = '', ...args] = [...(WITHOUT_NETWORK ?? []), process.execPath, clone('tools/setup/setup.mjs')];
    const child = spawn(program, args, {
      cwd: clone(),
      env: { ...own, ...named, ...(WITHOUT_NETWORK ? {} : DEAD_PROXIES), ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, stderr })));
  }

  /** Puts programs on a path that note their name and fail. */
  async function failing(programs: readonly string[]): Promise<string> {
    const folder = join(directory, 'failing');
    await mkdir(folder);
    for (const program of programs) {
      await writeFile(join(folder, program), `#!/bin/sh\necho ${program} "$@" >> ${folder}/called\nexit 1\n`);
      await chmod(join(folder, program), 0o755);
    }
    return folder;
  }

  const times = (): Promise<number[]> =>
    Promise.all(
      ['node_modules/.package-lock.json', 'node_modules/vitest', 'tools/cli/dist/main.js'].map(
        async (file) => (await stat(clone(file))).mtimeMs,
      ),
    );

  it('ends ready', () => {
    expect(first.stderr).toMatch(/^set-up: npm packages: installing them/mu);
    expect(first.stderr).toMatch(/^set-up: ready: Node \S+, libtensorflow /mu);
    expect(first.stderr).not.toContain('fetching');
    expect(first.code).toBe(0);
  });

  it('does nothing anew the second time: it calls no installer and no compiler, and changes no file', async () => {
    const before = await times();
    const folder = await failing([...TOOLS, ...COMPILERS]);
    const second = await setUp({ PATH: `${folder}:${process.env['PATH'] ?? ''}` });
    expect(await readFile(join(folder, 'called'), 'utf8').catch(() => '')).toBe('');
    expect(second.stderr.trimEnd().split('\n')).toEqual([expect.stringMatching(/^set-up: ready: /u)]);
    expect(second.code).toBe(0);
    expect(await times()).toEqual(before);
  });
});
