import { hostname } from 'node:os';
import { join } from 'node:path';
import { temporaryDirectory, until } from '@bluewaters/testing';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runCli, startCli, type Running } from './support/cli.js';
import { archiveFlags, writeArchive } from './support/pictures.js';

/** More epochs than any of these tests waits for, and a checkpoint every few steps. */
const LONG = ['--epochs', '5000', '--batch', '24', '--checkpoint-every-steps', '20', '--threads', '1'];

/** What `bluewaters status --json` says of a run. */
interface RunStatus {
  readonly run: string;
  readonly state: string;
  readonly checkpointStep?: number;
  readonly worker: { readonly pid: number; readonly host: string; readonly step: number } | null;
}

describe('two who train one run in one store', { timeout: 120_000 }, () => {
  let store: string;
  const started: Running[] = [];

  beforeAll(async () => {
    const directory = await temporaryDirectory();
    store = join(directory, 'store');
    const archive = await writeArchive(join(directory, 'archive'), { imagesPerSynset: 20 });
    await runCli(['ingest', ...archiveFlags(archive), '--dataset', 'd', '--store', store]);
    const built = await runCli(['shards', 'build', '--dataset', 'd', '--train-shards', '2', '--store', store]);
    expect(built.code).toBe(0);
  }, 60_000);
  afterEach(async () => {
    for (const { process } of started) process.kill('SIGKILL');
    await Promise.all(started.splice(0).map(({ ended }) => ended));
  });

  const train = (run: string): Running => {
    const running = startCli(['train', '--dataset', 'd', '--run', run, ...LONG, '--store', store, '--json']);
    started.push(running);
    return running;
  };
  const statusOf = async (run: string): Promise<RunStatus | undefined> => {
    const { runs } = (await runCli(['status', '--store', store, '--json'])).json<{ runs: RunStatus[] }>();
    return runs.find((each) => each.run === run);
  };
  /** Resolves once the run has a checkpoint and the store says who works on it. */
  const atWork = async (run: string): Promise<RunStatus> => {
    let status: RunStatus | undefined;
    await until(
      `${run} to be at work`,
      async () => {
        status = await statusOf(run);
        return (status?.checkpointStep ?? 0) > 0 && status?.worker !== null;
      },
      60_000,
    );
    return status as RunStatus;
  };

  it('are one and a refused one, who is told which process has the run', async () => {
    const first = train('shared');
    const { worker } = await atWork('shared');
    const second = await train('shared').ended;
    const { error } = second.json<{ error: { code: string; message: string } }>();
    expect(second.code).toBe(1);
    expect(error.code).toBe('RUN_HELD');
    expect(error.message).toContain(`process ${worker?.pid} on ${hostname()}`);
    expect(first.process.exitCode).toBeNull();
    const said = await runCli(['status', '--store', store]);
    expect(said.stdout).toMatch(new RegExp(`shared .*running, by ${worker?.pid} on ${hostname()}, step [1-9]`, 'u'));
  });

  it('are one after the other when the first is killed, at once and from its checkpoint', async () => {
    const first = train('killed');
    const before = await atWork('killed');
    // The rank too: a rank whose parent is killed has just time enough to give the run back.
    first.process.kill('SIGKILL');
    process.kill(before.worker?.pid ?? NaN, 'SIGKILL');
    const second = train('killed');
    await Promise.all([
      second.line(/took the run over from process \d+ on /u),
      second.line(/going on from the checkpoint of step \d+/u),
    ]);
    const after = await atWork('killed');
    expect(after.worker?.pid).not.toBe(before.worker?.pid);
    expect(after.checkpointStep).toBeGreaterThanOrEqual(before.checkpointStep ?? Infinity);
    second.process.kill('SIGTERM');
    expect((await second.ended).code).toBe(130);
    expect(await statusOf('killed')).toMatchObject({ state: 'stopped', worker: null });
  });

  it('are none after a kill, and the run is said to be interrupted', async () => {
    const first = train('lost');
    await atWork('lost');
    first.process.kill('SIGKILL');
    await first.ended;
    await until('the rank to be gone', async () => (await statusOf('lost'))?.state === 'interrupted');
    expect(await statusOf('lost')).toMatchObject({ worker: null });
  });
});
