import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OPERATIONS, operationsFile, placeOperations } from './operations.mjs';
import type { Libtensorflow } from './libtensorflow.mjs';

const repository = new URL('../../..', import.meta.url).pathname;

let folder = '';
let library: Libtensorflow;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bluewaters-operations-'));
  await writeFile(join(folder, 'libtensorflow_cc.so.2'), 'library');
  library = { folder, include: join(folder, 'include'), name: 'any', trust: 'stamped' };
});
afterEach(() => rm(folder, { recursive: true }));

/** An environment whose compiler is a program of ours. */
async function withCompiler(script: string) {
  await mkdir(join(folder, 'bin'));
  const compiler = join(folder, 'bin', 'g++');
  await writeFile(compiler, `#!/bin/sh\n${script}\n`);
  await chmod(compiler, 0o755);
  return { PATH: join(folder, 'bin'), BLUEWATERS_CACHE: join(folder, 'cache') };
}

/** The last argument is where the compiler is to write. */
const WRITES = 'for last; do :; done; /bin/echo compiled > "$last"';

describe('the operations of our own', () => {
  it('are compiled once for a library, and again for another', async () => {
    const env = await withCompiler(WRITES);
    const kept = async () => (await readdir(join(folder, 'cache', 'operations'))).length;
    expect([await placeOperations(repository, library, env), await placeOperations(repository, library, env)]).toEqual([
      true,
      true,
    ]);
    for (const operations of Object.values(OPERATIONS)) {
      const file = await operationsFile(repository, library, env, operations);
      expect(await readdir(dirname(file))).toContain(operations.file);
    }
    expect(await kept()).toBe(2);
    await writeFile(join(folder, 'libtensorflow_cc.so.2'), 'another library');
    expect(await placeOperations(repository, library, env)).toBe(true);
    expect(await kept()).toBe(4);
  });

  it('are left out without a compiler, without headers, and where they do not compile', async () => {
    const none = { PATH: folder, BLUEWATERS_CACHE: join(folder, 'cache') };
    expect(await placeOperations(repository, library, none)).toBe(false);
    const failing = await withCompiler('exit 1');
    expect(await placeOperations(repository, { ...library, include: undefined }, failing)).toBe(false);
    expect(await placeOperations(repository, library, failing)).toBe(false);
    const left = await readdir(join(folder, 'cache', 'operations'));
    expect(left).toEqual(['failed-build.log']);
  });
});
