import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWith, smallDisk } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itKeepsWhatRanksPromise, onAll, runOverMpi, runOverMpiWith } from './ranks.fixture.js';

describe('ranks under mpiexec', { timeout: 120_000 }, () => {
  itKeepsWhatRanksPromise(runOverMpi);

  it('end at once by their launcher when one is killed', async () => {
    const { found, exitCode } = await runOverMpi(3, 'lose', 'KILL');
    expect(found).toEqual({});
    expect(exitCode).not.toBe(0);
  });

  it('open no interface of the network but loopback on one host, so that none can go away under them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ranks-'));
    const log = { UCX_LOG_LEVEL: 'debug', UCX_LOG_FILE: join(folder, 'log.%p') };
    expect(await runOverMpiWith(log, 2, 'talk')).toMatchObject({ exitCode: 0 });
    const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
    const opened = new Set(files.join('').match(/(?<=using tcp\/)\S+/gu));
    // An MPI without UCX logs nothing.
    expect([[], ['lo']]).toContainEqual([...opened]);
    await rm(folder, { recursive: true });
  });

  it('end together when one of them fails', async () => {
    const { found, exitCode } = await runOverMpi(3, 'end', '5');
    expect(found).toEqual({});
    expect(exitCode).not.toBe(0);
  });
});

/** What a rank says of the scene `means`. */
interface Means {
  readonly memory?: string;
  readonly found: readonly (readonly string[])[];
}

describe('memory that the ranks of a host share', { timeout: 120_000 }, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp('/dev/shm/ranks-');
  });
  afterAll(() => rm(folder, { recursive: true }));

  const run = (memory: string, ranks: number, ...scene: [string, ...string[]]) =>
    runOverMpiWith({ BLUEWATERS_RANK_MEMORY: memory }, ranks, ...scene);

  it('gives every rank the same bits, in every step and whatever travels together, and leaves nothing', async () => {
    const { found, stderr } = await run(folder, 3, 'means');
    const [first] = Object.values(found) as [Means];
    expect(found).toEqual(onAll(3, first));
    expect(first.memory).toMatch(new RegExp(`^${folder}/bluewaters-ranks-`, 'u'));
    const [single, alsoSingle, brief, alsoBrief, half, alsoHalf] = first.found;
    expect([alsoSingle, alsoBrief, alsoHalf]).toEqual([single, brief, half]);
    for (const [step, again] of first.found) expect(again).toBe(step);
    expect(new Set([single, brief, half].flat()).size).toBe(3);
    expect(stderr).not.toContain('memory');
    expect(await readdir(folder)).toEqual([]);
  });

  it('gives two ranks the bits that MPI gives them', async () => {
    const [shared, sent] = [await run(folder, 2, 'means'), await run('off', 2, 'means')];
    const [[ours], [theirs]] = [shared, sent].map(({ found }) => Object.values(found)) as [[Means], [Means]];
    expect(ours.memory).toContain(folder);
    expect(theirs.memory).toBeUndefined();
    expect(ours.found).toEqual(theirs.found);
    expect(sent.stderr).not.toContain('memory');
  });

  it.each([
    ['there is no such folder', '/proc/none', [], /\/proc\/none\/bluewaters-ranks-\S+: No such file/u],
    ['a rank does not see it', '.', ['elsewhere'], /\.\/bluewaters-ranks-\S+: No such file/u],
  ])('is done without, and a line says so, where %s', async (_, memory, args, why) => {
    const { found, stderr, exitCode } = await run(memory, 3, 'means', ...args);
    expect(found).toEqual(onAll(3, { found: (found['0'] as Means).found }));
    const lines = stderr.match(/the ranks of \S+ exchange by MPI, not by memory that they share: .*/gu);
    expect(lines).toEqual([expect.stringMatching(why)]);
    expect(exitCode).toBe(0);
    expect((await readdir('.')).filter((name) => name.startsWith('bluewaters-ranks-'))).toEqual([]);
  });

  it.each(['on', 'off'])(
    'is each host its own, by hosts with different numbers of ranks, when it is %s',
    async (how) => {
      const { found } = await run(how === 'on' ? folder : how, 4, 'by-hosts');
      const ranks = Object.values(found) as { hosts: string[]; largest: number; memory?: string }[];
      expect(ranks.map(({ hosts }) => hosts)).toEqual(Array.from({ length: 4 }, () => ['b', 'a', 'b', 'b']));
      expect(ranks.map(({ largest }) => largest)).toEqual([0, 0, 0, 0]);
      const [first, alone, ...others] = ranks.map(({ memory }) => memory);
      expect(alone).toBeUndefined();
      expect(others).toEqual([first, first]);
      expect(first === undefined).toBe(how === 'off');
    },
  );

  it.each(['KILL', 'STOP'])(
    'holds nobody up when a rank is lost by %s in the midst of it, and is gone then',
    async (how) => {
      const { found, stderr, exitCode } = await run(folder, 3, 'lose-in-graph', how);
      // Of one that is killed its launcher hears first.
      if (how === 'STOP') expect(stderr).toContain('ends this generation: no sign of life for 4 s from rank 1 on ');
      expect(found).toEqual({});
      expect(exitCode).not.toBe(0);
      expect(await readdir(folder)).toEqual([]);
    },
  );
});

await describeWith(['small disk'], 'memory of which there is too little', () => {
  it('is not taken from those who have some of it', { timeout: 120_000 }, async () => {
    const folder = await smallDisk(1024 * 1024);
    const { found, stderr } = await runOverMpiWith({ BLUEWATERS_RANK_MEMORY: folder }, 3, 'means');
    expect(Object.values(found).map((means) => (means as Means).memory)).toEqual([undefined, undefined, undefined]);
    expect(stderr).toMatch(/exchange by MPI, not by memory that they share: half of what is free there is less than/u);
    expect(await readdir(folder)).toEqual([]);
  });
});
