import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, startCli, type Running } from './support/cli.js';
import { findProcess, hasOption, LENET_TRAINING, useStoreWithDataset } from './support/dataset.js';

/** Two addresses of this machine, as of two hosts. */
const HOSTS = ['127.0.0.1', '127.0.0.2'];

describe('servers and workers on several hosts', { timeout: 600_000 }, () => {
  const premises = useStoreWithDataset();

  const part = (run: string, host: string, ...more: string[]): string[] => [
    ...['launch', '--json', '--servers', '1', '--workers', '2'],
    ...['--hosts', HOSTS.join(','), '--host', host, '--rendezvous', join(premises.directory, `meet-${run}`)],
    ...['--', 'train', ...LENET_TRAINING, '--run', run, ...more, ...premises.store],
  ];

  const parts = (run: string, ...more: string[]): [Running, Running] => {
    const [first, second] = HOSTS.map((host) => startCli(part(run, host, ...more)));
    return [first!, second!];
  };

  /** Of a task, found on the host where it has to be. */
  const processOf = (run: string, task: string, host: string): Promise<number> =>
    findProcess(
      (args, environment) =>
        hasOption(args, '--run', run) &&
        hasOption(args, '--task', task) &&
        environment.includes(`BLUEWATERS_RANK_HOST=${host}`),
    );

  it('train together, replace a worker where it was lost, and all go on from the last checkpoint when the server was', async () => {
    const [first, second] = parts('spread', '--epochs', '40');
    await first.line(/training: epoch 2 of 40 evaluated/u);
    expect(await processOf('spread', 'worker:0', '127.0.0.1')).toBeGreaterThan(0);
    process.kill(await processOf('spread', 'worker:1', '127.0.0.2'), 'SIGKILL');
    await second.line(/worker:1 was lost and is replaced/u);
    await first.line(/training: epoch \d+ of 40 evaluated/u);
    process.kill(await processOf('spread', 'ps:0', '127.0.0.2'), 'SIGKILL');
    await first.line(/ps:0 was lost on 127.0.0.2; generation 2 goes on from the last checkpoint/u);
    expect((await first.ended).json()).toMatchObject({
      ...{ servers: 1, workers: 2, generations: 2, replaced: 0 },
      result: { steps: 480, evaluation: { top1: 1 } },
    });
    expect((await second.ended).json()).toEqual({ servers: 1, workers: 2, generations: 2, replaced: 1 });
  });

  it('stop with a checkpoint when any part is asked to', async () => {
    const both = parts('stopped', '--epochs', '2000');
    await both[0].line(/training: epoch 2 of 2,?000 evaluated/u);
    both[1].process.kill('SIGTERM');
    for (const { ended } of both) {
      const { code, stderr } = await ended;
      expect(stderr).toMatch(/stopped after a checkpoint at step \d+/u);
      expect(code).toBe(75);
    }
  });

  it('fail together, each with the reason', async () => {
    for (const { ended } of parts('refused', '--precision', 'float16')) {
      expect(await ended).toMatchObject({ code: 1 });
      expect((await ended).stderr).toMatch(/worker:\d ended with CONFIG_INVALID: Training with parameter servers/u);
    }
  });

  it('are refused where a host would have none of them, or no servers are asked for', async () => {
    const ranks = ['launch', '--ranks', '2', '--hosts', 'a,b', '--', 'train'];
    const many = ['launch', '--servers', '1', '--workers', '1', '--hosts', 'a,b,c', '--', 'train'];
    for (const refused of [ranks, many]) {
      expect((await runCli(refused)).stderr).toMatch(/CONFIG_INVALID: Servers and workers are spread over hosts/u);
    }
  });
});
