import { spawn, type ChildProcess } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '@bluewaters/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { COMMAND, runCli, withoutOptions } from './support/cli.js';
import { findProcess, findRank, hasOption, LENET_TRAINING, useStoreWithDataset } from './support/dataset.js';

interface Status {
  readonly coordinated: readonly { readonly run: string; readonly phase: string; readonly arrived: number }[];
}

describe('a coordinator that rank 0 brings along', { timeout: 300_000 }, () => {
  const premises = useStoreWithDataset();
  let ranks: ChildProcess | undefined;
  afterEach(() => ranks?.kill('SIGKILL'));

  function start(run: string, environment: NodeJS.ProcessEnv = {}) {
    const bus = join(premises.directory, `${run}.bus`);
    const training = ['train', ...LENET_TRAINING, '--run', run, '--epochs', '5000', ...premises.store];
    const args = ['-n', '2', process.execPath, COMMAND, ...training, '--start-coordinator', '--bus', `file:${bus}`];
    const { BLUEWATERS_NATS_PROGRAM: BLUEWATERS_NATS_SERVER = 'nats-server' } = process.env;
    const env = { ...withoutOptions(process.env), BLUEWATERS_NATS_SERVER, ...environment };
    ranks = spawn('mpiexec', args, { stdio: ['ignore', 'ignore', 'pipe'], env });
    let said = '';
    ranks.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
    const ended = new Promise((resolve) => ranks?.once('close', resolve));
    return { bus, ended, said: () => said };
  }

  /** Its processes, as their arguments tell. */
  const coordinatorOf = (bus: string): Promise<number> =>
    findProcess((args) => hasOption(args, '--bus', `file:${bus}`) && args.includes('coordinate'));

  const isGone = async (path: string): Promise<boolean> =>
    access(path).then(
      () => false,
      () => true,
    );

  it('knows the ranks, takes orders for them, and ends with them', async () => {
    const { bus, ended, said } = start('brought');
    await until('ranks that train', () => /training: epoch 2 of/u.test(said()), 120_000);
    expect(said()).toContain(`coordinated; see --bus file:${bus}, and http://127.0.0.1:`);
    const status = await runCli(['status', '--json', '--bus', `file:${bus}`, ...premises.store]);
    expect(status.json<Status>().coordinated).toMatchObject([{ run: 'brought', phase: 'running', arrived: 2 }]);
    expect((await runCli(['runs', 'stop', 'brought', '--bus', `file:${bus}`])).code).toBe(0);
    await ended;
    expect(said()).toMatch(/stopped after a checkpoint at step \d+/u);
    await until('the file to be gone', () => isGone(bus));
  });

  it('ends with a rank 0 that is killed, too', async () => {
    const { bus, ended, said } = start('orphaned');
    await until('ranks that train', () => /training: epoch 1 of/u.test(said()), 120_000);
    await coordinatorOf(bus);
    process.kill(await findRank('orphaned', 0), 'SIGKILL');
    await ended;
    await until('the coordinator to be gone', () =>
      coordinatorOf(bus).then(
        () => false,
        () => true,
      ),
    );
    expect(await isGone(bus)).toBe(true);
  });

  it('is done without where there is no NATS', async () => {
    const { ended, said } = start('alone', { BLUEWATERS_NATS_SERVER: '/nowhere/nats-server' });
    await until('ranks that train', () => /training: epoch 1 of/u.test(said()), 120_000);
    expect(said()).toMatch(/note: nobody coordinates: error TOOL_MISSING: NATS cannot be started/u);
    process.kill(await findRank('alone', 1), 'SIGTERM');
    await ended;
  });
});
