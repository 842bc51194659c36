import { spawn, type ChildProcess } from 'node:child_process';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RankStopper } from './stop-ranks.js';

describe('stopping ranks', () => {
  let process: ChildProcess;
  let asked: unknown[];
  let said: string[];
  let stopper: RankStopper;

  beforeEach(() => {
    process = spawn('sleep', ['60']);
    [asked, said] = [[], []];
    const launcher = { spawnfile: 'mpiexec', kill: (signal?: unknown) => asked.push(signal) > 0 };
    stopper = new RankStopper(launcher, { terminal: { say: (line) => said.push(line) } });
  });
  afterEach(() => process.kill('SIGKILL'));

  const rankOn = (host: string) => ({ rank: 1, pid: process.pid!, host });

  it('asks a rank of this host', async () => {
    stopper.hear({ rank: 0, failed: 'not yet' });
    stopper.hear(rankOn(hostname()));
    stopper.stop();
    await expect.poll(() => process.signalCode).toBe('SIGTERM');
    expect([asked, said]).toEqual([[], []]);
  });

  it('asks the launcher where all are on other hosts, says so, and leaves a process alone that has a rank’s number', async () => {
    stopper.hear(rankOn('elsewhere'));
    stopper.stop();
    expect(asked).toEqual(['SIGTERM']);
    expect(said.join()).toContain(`no rank is known on ${hostname()}: mpiexec is asked to stop them`);
    stopper.hear(rankOn('elsewhere'));
    await sleep(200);
    expect(process.signalCode).toBeNull();
  });

  it('asks the first rank that comes after that, too, as the launcher may have been too young to heed it', async () => {
    stopper.stop();
    expect(asked).toEqual(['SIGTERM']);
    stopper.hear(rankOn(hostname()));
    await expect.poll(() => process.signalCode).toBe('SIGTERM');
  });
});
