import { spawn, type ChildProcess } from 'node:child_process';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stopRanks } from './stop-ranks.js';

describe('stopping ranks', () => {
  let process: ChildProcess;
  let asked: unknown[];
  let said: string[];

  beforeEach(() => {
    process = spawn('sleep', ['60']);
    [asked, said] = [[], []];
  });
  afterEach(() => process.kill('SIGKILL'));

  const stop = (host: string): void => {
    const launcher = { spawnfile: 'mpiexec', kill: (signal?: unknown) => asked.push(signal) > 0 };
    const words = [
      { rank: 0, failed: 'not yet' },
      { rank: 1, pid: process.pid!, host },
    ] as const;
    stopRanks(launcher, words, { terminal: { say: (line) => said.push(line) } });
  };

  it('asks a rank of this host', async () => {
    stop(hostname());
    await expect.poll(() => process.signalCode).toBe('SIGTERM');
    expect([asked, said]).toEqual([[], []]);
  });

  it('asks the launcher where all are on other hosts, says so, and leaves a process alone that has a rank’s number', async () => {
    stop('elsewhere');
    expect(asked).toEqual(['SIGTERM']);
    expect(said.join()).toContain(`no rank is known on ${hostname()}: mpiexec is asked to stop them`);
    await sleep(200);
    expect(process.signalCode).toBeNull();
  });
});
