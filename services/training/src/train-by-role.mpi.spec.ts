import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runKeys } from '@bluewaters/records';
import { DirectoryStore } from '@bluewaters/storage';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { workplace } from './workplace.fixture.js';

const PROGRAM = fileURLToPath(new URL('./roles.fixture.mjs', import.meta.url));

describe('ranks whose GPUs say what they are', { timeout: 120_000 }, () => {
  it.each([
    ['those without are servers, wherever they stand', '0101', ['server', 'chief', 'server', 'worker'], [2, 2]],
    ['a quarter are servers where all have one', '1111', ['server', 'chief', 'worker', 'worker'], [1, 3]],
  ])('train: %s', async (_, gpus, roles, [servers, workers]) => {
    const path = join(await temporaryDirectory(), 'store');
    const { requestWith } = await workplace(new DirectoryStore(path));
    const flags = ['-n', '4', process.execPath, PROGRAM, path, JSON.stringify(requestWith({ epochs: 1 })), gpus];
    const { stdout } = await promisify(execFile)('mpiexec', flags);
    const said = [...stdout.matchAll(/^RANK (.*)$/gmu)].map(
      ([, json = '']) => JSON.parse(json) as { rank: number; role: string; steps?: number },
    );
    said.sort((one, other) => one.rank - other.rank);
    expect(said.map(({ role }) => role)).toEqual(roles);
    expect(said.map(({ steps }) => steps)).toEqual(roles.map((role) => (role === 'chief' ? 6 : undefined)));
    const entry = JSON.parse(await readFile(join(path, runKeys.entry('r')), 'utf8')) as unknown;
    expect(entry).toMatchObject({ worlds: [{ fromStep: 0, ranks: workers, servers }] });
    expect(await readdir(`${path}-meetings`)).toEqual([]);
  });
});
