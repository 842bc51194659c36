import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli, startCli, type Ended } from './support/cli.js';
import { findRank, useStoreWithDataset } from './support/dataset.js';
import { isWeight, NORMALISED, TrainedRuns } from './support/trained-runs.js';

interface Launched {
  readonly generations: number;
  readonly result: { readonly steps: number; readonly version: number };
}

/** 96 records to train on, in 12 steps an epoch: 108 steps. */
const TRAINING = [...['--dataset', 'd', '--batch', '8', '--threads', '1'], ...['--checkpoint-every-steps', '10']];
const EPOCHS = ['--epochs', '9'];
const LENET = ['--network', 'lenet', '--learning-rate', '0.005'];
const RESNET = Object.entries(NORMALISED).flatMap(([name, value]) => [`--${name}`, value]);

describe('training on several ranks', { timeout: 600_000 }, () => {
  const premises = useStoreWithDataset();
  let runs: TrainedRuns;

  beforeAll(() => {
    runs = new TrainedRuns(premises.folder, 108);
  });

  const commandFor = (run: string, ...more: string[]) => {
    return [
      'train',
      ...TRAINING,
      ...(more.includes('--epochs') ? [] : EPOCHS),
      '--run',
      run,
      ...more,
      ...premises.store,
    ];
  };

  const launchFor = (ranks: number, run: string, ...more: string[]) => {
    return ['launch', '--json', '--ranks', String(ranks), '--', ...commandFor(run, ...more)];
  };

  async function train(ranks: number, run: string, ...more: string[]): Promise<void> {
    const command = ranks === 1 ? [...commandFor(run, ...more), '--json'] : launchFor(ranks, run, ...more);
    const ended = await runCli(command);
    expect(ended.stderr).not.toContain('error');
    expect(ended.code).toBe(0);
  }

  /** Starts a run on two ranks and, once it is under way, sends a signal to the launching process or to rank 1. */
  async function interrupted(run: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<Ended> {
    const running = startCli(launchFor(2, run, ...LENET));
    await running.line(/training: epoch [34] of 9/u);
    process.kill(signal === 'SIGTERM' ? (running.process.pid ?? 0) : await findRank(run, 1), signal);
    return running.ended;
  }

  it('comes to the weights and losses of one rank, on 2 and on 4', async () => {
    for (const ranks of [1, 2, 4]) await train(ranks, `plain-${ranks}`, ...LENET);
    for (const ranks of [2, 4]) {
      expect(await runs.distance('plain-1', `plain-${ranks}`)).toBeLessThan(1e-4);
      expect(Math.abs((await runs.lossOf('plain-1')) - (await runs.lossOf(`plain-${ranks}`)))).toBeLessThan(1e-4);
    }
  });

  it('comes to those of one rank with batch normalisation over the whole batch too', async () => {
    for (const ranks of [1, 2]) {
      await train(ranks, `together-${ranks}`, ...RESNET, '--batch-statistics', 'synchronised');
    }
    expect(await runs.distance('together-1', 'together-2', isWeight)).toBeLessThan(1e-4);
    const [alone, together] = await Promise.all(['together-1', 'together-2'].map((run) => runs.lossOf(run)));
    expect(Math.abs(Number(together) / Number(alone) - 1)).toBeLessThan(1e-4);
    // Without it the ranks' own statistics, of 4 pictures each, make another network.
    await train(2, 'apart-2', ...RESNET, '--batch-statistics', 'own');
    expect(await runs.distance('together-1', 'apart-2', isWeight)).toBeGreaterThan(1e-3);
  });

  it('comes near them with gradients that travel in half the bytes, and by hosts', async () => {
    await train(2, 'halves', ...LENET, '--compression', 'bfloat16', '--route', 'by-hosts');
    expect(await runs.distance('plain-1', 'halves')).toBeGreaterThan(1e-4);
    expect(Math.abs((await runs.lossOf('halves')) / (await runs.lossOf('plain-1')) - 1)).toBeLessThan(0.05);
  });

  it('gives the same bytes again, also when it was stopped between and when a rank was killed', async () => {
    const reference = await runs.digestsOf('plain-2');
    await train(2, 'again', ...LENET);
    expect(await runs.digestsOf('again')).toEqual(reference);

    const stopped = await interrupted('stopped', 'SIGTERM');
    expect(stopped.code).toBe(75);
    expect(stopped.stderr).toContain('the same command goes on from there');
    await train(2, 'stopped', ...LENET);
    expect(await runs.digestsOf('stopped')).toEqual(reference);

    const killed = await interrupted('killed', 'SIGKILL');
    expect(killed.stderr).toMatch(/rank 1 on \S+ was lost; generation 2 goes on from the last checkpoint/u);
    expect(killed.json<Launched>()).toMatchObject({ generations: 2, result: { steps: 108 } });
    expect(await runs.digestsOf('killed')).toEqual(reference);
  });

  it('names the rank that was killed, each time', async () => {
    const killed = [2, 3];
    const launch = ['launch', '-n', '4', '--restarts', '2'];
    const running = startCli([...launch, '--', ...commandFor('lossy', ...LENET, '--epochs', '2000')]);
    for (const rank of killed) {
      await running.line(/training: epoch \d+ of 2,?000 evaluated/u);
      const said = running.line(/was lost; generation \d+ goes on from the last checkpoint/u);
      process.kill(await findRank('lossy', rank), 'SIGKILL');
      expect(await said).toMatch(new RegExp(`^ *rank ${rank} on \\S+ was lost`, 'u'));
    }
    running.process.kill('SIGTERM');
    await running.ended;
  });

  it('ends at once by an error that every rank would find again, also before it knows its number', async () => {
    for (const [more, words] of [
      [['--dataset', 'd', '--config', '/nowhere.json'], /a rank ended with [A-Z_]+: .*nowhere/u],
      [['--dataset', 'none'], /rank \d ended with MANIFEST_INVALID: .*none/u],
    ] as const) {
      const ended = await runCli(['launch', '--ranks', '2', '--', 'train', ...more, ...premises.store]);
      expect([ended.code, ended.stderr]).toEqual([1, expect.stringMatching(words)]);
      expect(ended.stderr).not.toContain('generation 2');
    }
  });

  it('ends where the loss is lost, and names the rank and the operation that it came from', async () => {
    const ended = await runCli(launchFor(2, 'diverged', '--network', 'lenet', '--learning-rate', '1e9'));
    expect(ended.code).toBe(1);
    const cause = /step \d+ on rank [01] the first operation to give such values was train\/\S+ \(\w+\), \d+ of \d+/u;
    expect(ended.stderr).toMatch(/ended with TRAINING_DIVERGED/u);
    expect(ended.stderr).toMatch(cause);
    expect(ended.stderr).not.toContain('generation 2');
  });

  it('stops all ranks with a checkpoint when their time is up', async () => {
    const ended = await runCli(launchFor(2, 'timed', '--epochs', '2000', '--stop-after', '8'));
    expect(ended.code).toBe(75);
    expect(ended.stderr).toMatch(/stopped after a checkpoint at step \d+/u);
    // Long enough to get there on a machine with much else to do.
    const alone = await runCli(commandFor('timed', '--epochs', '2000', '--stop-after', '25'));
    expect(alone.code).toBe(75);
    expect(alone.stderr).toMatch(/going on from the checkpoint of step \d+/u);
    expect(alone.stderr).toContain('the same command goes on from there');
    const entry = await readFile(join(premises.folder, 'runs/timed/checkpoint_dir/run.json'), 'utf8');
    const { worlds } = JSON.parse(entry) as { worlds: unknown };
    const [, from] = /going on from the checkpoint of step (\d+)/u.exec(alone.stderr) ?? [];
    expect(worlds).toEqual([
      { fromStep: 0, ranks: 2 },
      { fromStep: Number(from), ranks: 1 },
    ]);
  });
});
