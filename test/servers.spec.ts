import { describe, expect, it } from 'vitest';
import { runCli, startCli } from './support/cli.js';
import { findProcess, hasOption, LENET_TRAINING, useStoreWithDataset } from './support/dataset.js';

interface Launched {
  readonly generations: number;
  readonly replaced: number;
  readonly result: { readonly steps: number; readonly evaluation: { readonly top1: number } };
}

/** Of a task of a run on this machine. */
function processOf(run: string, task: string): Promise<number> {
  return findProcess((args) => hasOption(args, '--run', run) && hasOption(args, '--task', task));
}

describe('training with parameter servers', { timeout: 600_000 }, () => {
  const premises = useStoreWithDataset();

  const launch = (run: string, ...more: string[]): string[] => {
    const command = ['train', ...LENET_TRAINING, '--run', run, ...more, ...premises.store];
    return ['launch', '--json', '--servers', '1', '--workers', '2', '--', ...command];
  };

  it('replaces a worker that was killed, and starts anew from the last checkpoint when a server was', async () => {
    const training = startCli(launch('killed', '--epochs', '40'));
    await training.line(/training: epoch 2 of 40 evaluated/u);
    process.kill(await processOf('killed', 'worker:1'), 'SIGKILL');
    await training.line(/worker:1 was lost and is replaced/u);
    await training.line(/training: epoch \d+ of 40 evaluated/u);
    process.kill(await processOf('killed', 'ps:0'), 'SIGKILL');
    await training.line(/ps:0 was lost; generation 2 goes on from the last checkpoint/u);
    const ended = await training.ended;
    expect(ended.json<Launched>()).toMatchObject({
      ...{ generations: 2, replaced: 1 },
      result: { steps: 480, evaluation: { top1: 1 } },
    });
  });

  it('replaces a worker that someone stopped, since the others wait for what it has taken', async () => {
    const training = startCli(launch('left', '--epochs', '40'));
    await training.line(/training: epoch 2 of 40 evaluated/u);
    process.kill(await processOf('left', 'worker:1'), 'SIGTERM');
    await training.line(/worker:1 was lost and is replaced/u);
    const ended = await training.ended;
    // What it said tells who else was lost, if anybody.
    expect(ended.json<Launched>(), ended.stderr).toMatchObject({
      ...{ generations: 1, replaced: 1 },
      result: { steps: 480 },
    });
  });

  it('stops with a checkpoint when asked to, and leaves a run that one process ends', async () => {
    const training = startCli(launch('stopped', '--epochs', '2000', '--update', 'synchronous'));
    await training.line(/training: epoch 2 of 2,?000 evaluated/u);
    training.process.kill('SIGTERM');
    const { code, stderr } = await training.ended;
    expect(code).toBe(75);
    const [, step = ''] = /stopped after a checkpoint at step (\d+)/u.exec(stderr) ?? [];
    const epochs = Math.floor(Number(step) / 12) + 1;
    const alone = await runCli([
      'train',
      ...LENET_TRAINING,
      '--run',
      'stopped',
      '--epochs',
      String(epochs),
      ...premises.store,
      '--json',
    ]);
    expect(alone.stderr).toContain(`going on from the checkpoint of step ${step}`);
    expect(alone.json()).toMatchObject({ steps: 12 * epochs, evaluation: { top1: 1 } });
  });

  it('says which task failed, and why', async () => {
    const ended = await runCli(launch('refused', '--precision', 'float16'));
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(
      /worker:\d ended with CONFIG_INVALID: Training with parameter servers does without this/u,
    );
  });
});
