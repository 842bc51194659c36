import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readCheckpoint, type Tensor } from '@bluewaters/tensorflow';
import { temporaryDirectory } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, startCli, type Ended } from './support/cli.js';
import { findProcess, hasOption, storeWithDataset } from './support/dataset.js';

interface Launched {
  readonly generations: number;
  readonly result: { readonly steps: number; readonly version: number };
}

/** 96 records to train on, in 12 steps an epoch: 108 steps. */
const TRAINING = [...['--dataset', 'd', '--batch', '8', '--threads', '1'], ...['--checkpoint-every-steps', '10']];
const EPOCHS = ['--epochs', '9'];
const LENET = ['--network', 'lenet', '--learning-rate', '0.005'];
/**
 * At a low rate: a rectifier that is within rounding of its kink lets a gradient through on one side only, so that
 * gradients of equal runs differ now and then; the weights differ by the rate times that.
 */
const NORMALISED = [...['--network', 'resnet-20', '--image-size', '16', '--learning-rate', '0.00002']];

/** Whether a variable is one that a gradient moves, rather than an accumulator or a moving average. */
const isWeight = (name: string): boolean => /(?:weights|biases|gamma|beta)$/u.test(name);

/** Of a rank of a run on this machine. */
function processOfRank(run: string, rank: number): Promise<number> {
  return findProcess((args, environment) => hasOption(args, '--run', run) && environment.includes(`PMI_RANK=${rank}`));
}

describe('training on several ranks', { timeout: 600_000 }, () => {
  let directory: string;
  let store: string[];

  beforeAll(async () => {
    directory = await temporaryDirectory();
    store = await storeWithDataset(directory);
  }, 120_000);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const commandFor = (run: string, ...more: string[]) => {
    return ['train', ...TRAINING, ...(more.includes('--epochs') ? [] : EPOCHS), '--run', run, ...more, ...store];
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

  const folderOf = (run: string): string => join(directory, 'store/runs', run, 'checkpoint_dir');

  async function lossOf(run: string): Promise<number> {
    const entry = JSON.parse(await readFile(join(folderOf(run), 'run.json'), 'utf8')) as {
      evaluation: { loss: number };
    };
    return entry.evaluation.loss;
  }

  /** Digests of the files of the last checkpoint. */
  async function digestsOf(run: string): Promise<unknown> {
    const entry = JSON.parse(await readFile(join(folderOf(run), 'model.ckpt-108.json'), 'utf8')) as { files: unknown };
    return entry.files;
  }

  /** The largest difference between two runs' variables in the end, or between those of some names. */
  async function distance(one: string, other: string, counts = (_: string): boolean => true): Promise<number> {
    const [a, b] = await Promise.all([one, other].map((run) => valuesOf(run, counts)));
    return (a ?? []).reduce((largest, value, index) => Math.max(largest, Math.abs(value - (b?.[index] ?? NaN))), 0);
  }

  async function valuesOf(run: string, counts: (name: string) => boolean): Promise<number[]> {
    const tensors = await readCheckpoint(join(folderOf(run), 'model.ckpt-108'));
    const names = [...tensors.keys()].filter(counts).sort();
    const values = names.flatMap((name) => [...(tensors.get(name) as Tensor).values()].map(Number));
    for (const tensor of tensors.values()) tensor[Symbol.dispose]();
    return values;
  }

  /** Starts a run on two ranks and, once it is under way, sends a signal to the launching process or to rank 1. */
  async function interrupted(run: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<Ended> {
    const running = startCli(launchFor(2, run, ...LENET));
    await running.line(/training: epoch [34] of 9/u);
    process.kill(signal === 'SIGTERM' ? (running.process.pid ?? 0) : await processOfRank(run, 1), signal);
    return running.ended;
  }

  it('comes to the weights and losses of one rank, on 2 and on 4', async () => {
    for (const ranks of [1, 2, 4]) await train(ranks, `plain-${ranks}`, ...LENET);
    for (const ranks of [2, 4]) {
      expect(await distance('plain-1', `plain-${ranks}`)).toBeLessThan(1e-4);
      expect(Math.abs((await lossOf('plain-1')) - (await lossOf(`plain-${ranks}`)))).toBeLessThan(1e-4);
    }
  });

  it('comes to those of one rank with batch normalisation over the whole batch too', async () => {
    for (const ranks of [1, 2]) {
      await train(ranks, `together-${ranks}`, ...NORMALISED, '--batch-statistics', 'synchronised');
    }
    expect(await distance('together-1', 'together-2', isWeight)).toBeLessThan(1e-4);
    const [alone, together] = await Promise.all(['together-1', 'together-2'].map(lossOf));
    expect(Math.abs(Number(together) / Number(alone) - 1)).toBeLessThan(1e-4);
    // Without it the ranks' own statistics, of 4 pictures each, make another network.
    await train(2, 'apart-2', ...NORMALISED, '--batch-statistics', 'own');
    expect(await distance('together-1', 'apart-2', isWeight)).toBeGreaterThan(1e-3);
  });

  it('gives the same bytes again, also when it was stopped between and when a rank was killed', async () => {
    const reference = await digestsOf('plain-2');
    await train(2, 'again', ...LENET);
    expect(await digestsOf('again')).toEqual(reference);

    const stopped = await interrupted('stopped', 'SIGTERM');
    expect(stopped.code).toBe(75);
    expect(stopped.stderr).toContain('the same command goes on from there');
    await train(2, 'stopped', ...LENET);
    expect(await digestsOf('stopped')).toEqual(reference);

    const killed = await interrupted('killed', 'SIGKILL');
    expect(killed.stderr).toMatch(/rank 1 on \S+ was lost; generation 2 goes on from the last checkpoint/u);
    expect(killed.json<Launched>()).toMatchObject({ generations: 2, result: { steps: 108 } });
    expect(await digestsOf('killed')).toEqual(reference);
  });

  it('stops all ranks with a checkpoint when their time is up', async () => {
    const ended = await runCli(launchFor(2, 'timed', '--epochs', '2000', '--stop-after', '8'));
    expect(ended.code).toBe(75);
    expect(ended.stderr).toMatch(/stopped after a checkpoint at step \d+/u);
    const alone = await runCli(commandFor('timed', '--epochs', '2000', '--stop-after', '8'));
    expect(alone.code).toBe(75);
    expect(alone.stderr).toMatch(/going on from the checkpoint of step \d+/u);
    expect(alone.stderr).toContain('the same command goes on from there');
  });
});
