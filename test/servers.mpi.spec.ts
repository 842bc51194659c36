import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMAND, runCli, startCli } from './support/cli.js';
import { findRank, LENET_TRAINING, useStoreWithDataset } from './support/dataset.js';

describe('ranks that are parameter servers and workers', { timeout: 300_000 }, () => {
  const premises = useStoreWithDataset();

  const command = (run: string, ...more: string[]): string[] => [
    ...['train', ...LENET_TRAINING, '--run', run, ...more, ...premises.store],
  ];

  it('train beside one that is neither, and go on from the last checkpoint when a worker is lost', async () => {
    const launch = ['launch', '--json', '--ranks', '4', '--'];
    const training = startCli([...launch, ...command('roles', '--servers', '1', '--workers', '2', '--epochs', '16')]);
    await training.line(/training: epoch 2 of 16 evaluated/u);
    process.kill(await findRank('roles', 2), 'SIGKILL');
    const ended = await training.ended;
    expect(ended.stderr).toMatch(/rank 2 on \S+ was lost; generation 2 goes on from the last checkpoint/u);
    expect(ended.json()).toMatchObject({ generations: 2, result: { steps: 192, evaluation: { top1: 1 } } });
  });

  it('are a quarter of all servers where a layout says so, or where all have a GPU or none, in this world and on this machine alike', async () => {
    const launch = ['launch', '--json', '--ranks', '4'];
    for (const layout of ['quarter', 'by-gpu']) {
      const ended = await runCli([...launch, '--', ...command(layout, '--layout', layout, '--epochs', '3')]);
      expect(ended.json()).toMatchObject({ ranks: 4, result: { steps: 36 } });
    }
    const here = await runCli([...launch, '--layout', 'quarter', '--', ...command('here', '--epochs', '3')]);
    expect(here.json()).toMatchObject({ servers: 1, workers: 3, result: { steps: 36 } });
  });

  it('stop with a checkpoint when any of them is asked to, and leave nothing where they met', async () => {
    const meetings = join(premises.directory, 'meetings');
    const rank = [process.execPath, COMMAND, ...command('parting', '--servers', '1', '--workers', '2')];
    const segment = (count: number) => ['-n', String(count), ...rank, '--epochs', '5000', '--rendezvous', meetings];
    const ranks = spawn('mpiexec', [...segment(1), ':', ...segment(2)], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    ranks.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const exited = new Promise((resolve) => ranks.once('close', resolve));
    await expect.poll(() => said, { timeout: 120_000 }).toMatch(/training: epoch 2 of 5,?000 evaluated/u);
    process.kill(await findRank('parting', 0), 'SIGTERM');
    await exited;
    expect(said).toMatch(/stopped after a checkpoint at step \d+/u);
    expect(await readdir(meetings)).toEqual([]);
  });

  it('say so when there are too few of them', async () => {
    const ended = await runCli(['launch', '--ranks', '2', '--', ...command('few', '--servers', '2')]);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/CONFIG_INVALID: There are too few ranks .*expected together 2 at most/u);
  });
});
