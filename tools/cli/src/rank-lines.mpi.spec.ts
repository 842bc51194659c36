import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { RankLines } from './rank-lines.js';

const PROGRAM = fileURLToPath(new URL('./launcher-line.fixture.mjs', import.meta.url));
const RANKS = 4;

describe('the lines of ranks under mpiexec', { timeout: 180_000 }, () => {
  /** Kills a rank, whereupon MPICH ends the others. @returns Who is said to be lost. */
  async function lostWhenKilled(rank: number): Promise<string | undefined> {
    const lines = await RankLines.open({ ranks: RANKS, areHere: true, hear: () => undefined });
    const mpiexec = spawn('mpiexec', ['-n', String(RANKS), process.execPath, PROGRAM], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...lines.variables },
    });
    const ended = new Promise((resolve) => mpiexec.once('close', resolve));
    const pids = new Map<number, number>();
    createInterface({ input: mpiexec.stdout }).on('line', (line) => {
      const [, of, pid] = /^(\d+) (\d+)$/u.exec(line) ?? [];
      if (of !== undefined) pids.set(Number(of), Number(pid));
    });
    try {
      await until('all ranks', () => pids.size === RANKS && lines.called === RANKS, 60_000);
      process.kill(pids.get(rank) as number, 'SIGKILL');
      await ended;
      return lines.lost;
    } finally {
      mpiexec.kill('SIGKILL');
      lines.close();
    }
  }

  it('name the rank that was killed, each time', async () => {
    const killed = [2, 0, 3, 1, 2, 2];
    const named: (string | undefined)[] = [];
    for (const rank of killed) named.push(await lostWhenKilled(rank));
    expect(named.map((words) => words?.replace(/ on \S+/u, ''))).toEqual(killed.map((rank) => `rank ${rank} was lost`));
  });
});
