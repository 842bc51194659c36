import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli, startCli, type Ended } from './support/cli.js';
import { findProcess, hasOption, useStoreWithDataset } from './support/dataset.js';
import { isWeight, NORMALISED, TrainedRuns } from './support/trained-runs.js';

interface Launched {
  readonly generations: number;
  readonly result: { readonly steps: number };
}

/** 96 records to train on, in 12 steps an epoch: 60 steps. */
const STEPS = 60;
const TRAINING = {
  ...{ dataset: 'd', network: 'lenet', batch: '8', 'learning-rate': '0.005', threads: '1', epochs: String(STEPS / 12) },
  'checkpoint-every-steps': '10',
};
type Options = Readonly<Record<string, string>>;

describe('training on several ranks without MPI', { timeout: 600_000 }, () => {
  const premises = useStoreWithDataset();
  let runs: TrainedRuns;

  beforeAll(() => {
    runs = new TrainedRuns(premises.folder, STEPS);
  });

  const commandFor = (run: string, more: Options = {}): string[] => {
    const flags = Object.entries({ ...TRAINING, run, ...more }).flatMap(([name, value]) => [`--${name}`, value]);
    return ['train', ...flags, ...premises.store];
  };

  const launchFor = (run: string, more: Options = {}): string[] => {
    return ['launch', '--json', '--ranks', '2', '--over', 'grpc', '--', ...commandFor(run, more)];
  };

  /** Starts two ranks one by one, as on two hosts, with options of their own. */
  async function startedApart(run: string, first: Options, second: Options): Promise<Ended[]> {
    const rendezvous = await mkdtemp(join(premises.directory, 'rendezvous-'));
    return Promise.all(
      [first, second].map((options, rank) =>
        runCli(commandFor(run, { task: `rank:${rank}`, 'world-size': '2', rendezvous, ...options })),
      ),
    );
  }

  /** Starts a run on two ranks and, once it is under way, sends a signal to the launching process or to rank 1. */
  async function interrupted(run: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<Ended> {
    const running = startCli(launchFor(run));
    await running.line(/training: epoch [23] of 5/u);
    const ofRank = (rank: number) =>
      findProcess((args) => hasOption(args, '--run', run) && hasOption(args, '--task', `rank:${rank}`));
    process.kill(signal === 'SIGTERM' ? (running.process.pid ?? 0) : await ofRank(1), signal);
    return running.ended;
  }

  it('is launched as the environment says, of which ranks are told what is theirs', async () => {
    const config = join(premises.directory, 'launch.json');
    await writeFile(config, JSON.stringify({ restarts: 0 }));
    const [, path] = premises.store;
    const launcher = { BLUEWATERS_RANKS: '2', BLUEWATERS_OVER: 'grpc', BLUEWATERS_CONFIG: config };
    const env = { ...launcher, BLUEWATERS_STORE: path, BLUEWATERS_DATASET: 'd', BLUEWATERS_EPOCHS: '1' };
    const ended = await runCli(['launch', '--json', '--', 'train', '--batch', '8', '--run', 'environment'], { env });
    expect(ended.stderr).not.toContain('error');
    expect(ended.json<Launched>()).toMatchObject({ ranks: 2, result: { steps: 12 } });
  });

  it('comes to the weights and losses of one rank', async () => {
    const alone = await runCli(commandFor('alone'));
    expect(alone.code).toBe(0);
    const together = await runCli(launchFor('together'));
    expect(together.stderr).not.toContain('error');
    expect(together.json<Launched>()).toMatchObject({ generations: 1, result: { steps: STEPS } });
    expect(await runs.distance('alone', 'together')).toBeLessThan(1e-4);
    expect(Math.abs((await runs.lossOf('alone')) - (await runs.lossOf('together')))).toBeLessThan(1e-4);
  });

  it('comes to them with batch normalisation over the whole batch too', async () => {
    const brief = { ...NORMALISED, epochs: '2', 'checkpoint-every-steps': '24' };
    const short = new TrainedRuns(premises.folder, 24);
    const statistics = { 'batch-statistics': 'synchronised' };
    expect((await runCli(commandFor('whole-1', { ...brief, ...statistics }))).code).toBe(0);
    expect((await runCli(launchFor('whole-2', { ...brief, ...statistics }))).stderr).not.toContain('rror');
    expect((await runCli(launchFor('own-2', brief))).code).toBe(0);
    const distance = await short.distance('whole-1', 'whole-2', isWeight);
    expect(distance).toBeLessThan(1e-4);
    // Ranks' own statistics, of 4 pictures each, make another network.
    expect(await short.distance('whole-1', 'own-2', isWeight)).toBeGreaterThan(10 * distance);
  });

  it('gives the same bytes again, also when a rank was killed between', async () => {
    const killed = await interrupted('killed', 'SIGKILL');
    expect(killed.stderr).toMatch(/rank 1 on \S+ was lost; generation 2 goes on from the last checkpoint/u);
    expect(killed.json<Launched>()).toMatchObject({ generations: 2, result: { steps: STEPS } });
    expect(await runs.digestsOf('killed')).toEqual(await runs.digestsOf('together'));
  });

  it('stops with a checkpoint when asked to, from where the same ranks go on, or one alone', async () => {
    for (const run of ['stopped', 'left']) {
      const stopped = await interrupted(run, 'SIGTERM');
      expect(stopped.code).toBe(75);
      expect(stopped.stderr).toContain('the same command goes on from there');
    }
    expect((await runCli(launchFor('stopped'))).code).toBe(0);
    expect(await runs.digestsOf('stopped')).toEqual(await runs.digestsOf('together'));
    expect((await runCli(commandFor('left'))).stderr).toMatch(/going on from the checkpoint of step \d+/u);
    expect(await runs.distance('left', 'together')).toBeLessThan(1e-4);
  });

  it('ends at once by an error that every rank would find again, also before it knows its number', async () => {
    const launch = ['launch', '--ranks', '2', '--over', 'grpc', '--', 'train', '--dataset', 'd'];
    const ended = await runCli([...launch, '--config', '/nowhere.json', ...premises.store]);
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringMatching(/a rank ended with [A-Z_]+: .*nowhere/u)]);
    expect(ended.stderr).not.toContain('generation 2');
  });

  it('finds out before the first step that ranks started one by one differ', async () => {
    const ended = await startedApart('apart', {}, { threads: '2' });
    const said =
      /RANKS_DIFFER: Rank 1 on \S+ is not like rank 0 on \S+ \(field TensorFlow threads, expected 1, got 2\)/u;
    expect(ended.map(({ stderr }) => stderr).join('')).toMatch(said);
    expect(ended.map(({ code }) => code)).toEqual([1, 1]);
  });

  it('stops all ranks with a checkpoint when the time of one is up', async () => {
    const ended = await startedApart('timed', { epochs: '2000' }, { epochs: '2000', 'stop-after': '6' });
    expect(ended.map(({ code }) => code)).toEqual([75, 75]);
    expect(ended[0]?.stderr).toMatch(/stopped after a checkpoint at step \d+/u);
  });
});
