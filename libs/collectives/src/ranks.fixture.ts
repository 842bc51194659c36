import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** How ranks of `ranks.fixture.mjs` ended. */
export interface RanksEnded {
  /** Of the launcher; over gRPC those of the ranks. */
  readonly exitCode: number | null;
  readonly exitCodes: readonly (number | null)[];
  readonly stderr: string;
  /** What each that came to its end found. */
  readonly found: Readonly<Record<string, unknown>>;
}

/** Runs a scene of `ranks.fixture.mjs` on some ranks. */
export type RunRanks = (ranks: number, scene: string, ...args: string[]) => Promise<RanksEnded>;

const PROGRAM = fileURLToPath(new URL('./ranks.fixture.mjs', import.meta.url));

/** Runs it by the `mpiexec` of this machine. */
export const runOverMpi: RunRanks = (ranks, scene, ...args) => runOverMpiWith({}, ranks, scene, ...args);

/** The same with variables of the environment. */
export const runOverMpiWith = (environment: NodeJS.ProcessEnv, ...[ranks, ...args]: Parameters<RunRanks>) => {
  const flags = ['-n', String(ranks), process.execPath, PROGRAM, ...args];
  const env = { ...process.env, ...environment };
  return listen([spawn('mpiexec', flags, { stdio: ['ignore', 'pipe', 'pipe'], env })]).ended;
};

/** Runs it as processes that meet in a folder. One that was stopped is killed once the others have ended. */
export const runOverGrpc: RunRanks = async (size, scene, ...args) => {
  const rendezvous = await mkdtemp(join(tmpdir(), 'ranks-'));
  const children = Array.from({ length: size }, (_, rank) =>
    spawn(process.execPath, [PROGRAM, scene, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', MEETING_PLACE: JSON.stringify({ rank, size, rendezvous }) },
    }),
  );
  let left = size;
  for (const child of children) {
    child.once('close', () => {
      left -= 1;
      if (left === 1) setTimeout(() => children.forEach((each) => each.kill('SIGKILL')), 2000).unref();
    });
  }
  try {
    return await listen(children).ended;
  } finally {
    await rm(rendezvous, { recursive: true });
  }
};

function listen(children: readonly ChildProcess[]): { readonly ended: Promise<RanksEnded> } {
  let [stdout, stderr] = ['', ''];
  const codes = children.map((child) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    return new Promise<number | null>((resolve) => child.once('close', resolve));
  });
  const ended = Promise.all(codes).then((exitCodes) => {
    const lines = [...stdout.matchAll(/^(\d+) (.*)$/gmu)].map(([, rank = '', json = '']) => [rank, JSON.parse(json)]);
    const found = Object.fromEntries(lines) as Record<string, unknown>;
    return { exitCode: exitCodes.find((code) => code !== 0) ?? exitCodes[0] ?? null, exitCodes, stderr, found };
  });
  return { ended };
}

/** The same of every rank. */
export const onAll = (ranks: number, found: unknown): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Array.from({ length: ranks }, (_, rank) => [String(rank), found]));

/** What ranks promise, whatever carries it. */
export function itKeepsWhatRanksPromise(run: RunRanks): void {
  it('tell one another what each has, of whatever length', async () => {
    const { found, exitCode } = await run(3, 'talk');
    const told = { size: 3, hosts: 1, told: { from: 1 }, gathered: ['', 'x', 'xx'] };
    expect(found).toMatchObject(onAll(3, told));
    expect(found['2']).toMatchObject({ local: { rank: 2, host: 0 } });
    expect(exitCode).toBe(0);
  });

  it('average tensors within a graph, small ones together, each in its own shape', async () => {
    const { found } = await run(3, 'average');
    const shapes = [[3], [2, 2], [100], [1], [1], []];
    expect(found).toEqual(onAll(3, { operations: 4, shapes, values: [2, 2, 2, 2, 2, 2] }));
  });

  it('average gradients that travel compressed as well as these can', async () => {
    const roundings = { none: 2 ** -23, bfloat16: 2 ** -8, float16: 2 ** -11 };
    const { found } = await run(3, 'compress', ...Object.keys(roundings));
    const [first] = Object.values(found) as { largest: number; statistic: number }[][];
    expect(found).toEqual(onAll(3, first));
    Object.values(roundings).forEach((rounding, index) => {
      const { largest, statistic } = first?.[index] ?? { largest: NaN, statistic: NaN };
      // Each rank's share is rounded, and both sums.
      expect(largest).toBeLessThan(3 * rounding);
      expect(largest).toBeGreaterThan(rounding / 8);
      expect(statistic).toBeCloseTo(2 / 3, 7);
    });
  });

  it('differentiate through a mean over ranks', async () => {
    // The mean of x is 1 on every rank, so the derivative of its square is 2 on every rank.
    expect((await run(3, 'differentiate')).found).toEqual(onAll(3, [2, 2]));
  });

  it('find out before they start, all alike, in what one differs', async () => {
    const { found } = await run(2, 'compare', 'nothing', 'dataset', 'code');
    const said = [
      'alike',
      'Rank 1 on HOST is not like rank 0 on HOST (field dataset, expected b, got other)',
      'Rank 1 on HOST is not like rank 0 on HOST (field code, expected a, got other)',
    ];
    const texts = (of: unknown): string[] => (of as string[]).map((text) => text.replaceAll(/on [^ ]+/gu, 'on HOST'));
    expect(Object.values(found).map(texts)).toEqual([said, said]);
  });

  it.each([
    ['STOP', 'no sign of life for 4 s from rank 1 on '],
    ['late', 'a collective has waited 4 s for rank 1 on '],
  ])('end, naming the one that they miss, when it is lost by %s', async (how, words) => {
    const { found, stderr, exitCode } = await run(3, 'lose', how);
    expect(stderr).toContain(`ends this generation: ${words}`);
    expect(found).toEqual({});
    expect(exitCode).not.toBe(0);
  });
}
