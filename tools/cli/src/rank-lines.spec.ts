import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { until } from '@bluewaters/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { RankLines } from './rank-lines.js';

const PROGRAM = fileURLToPath(new URL('./launcher-line.fixture.mjs', import.meta.url));

/** Kills a process and lets it end, all of its connections too, while this one hears nothing. */
function killUnheard(child: ChildProcess | undefined): void {
  child?.kill('SIGKILL');
  const process = `/proc/${child?.pid ?? 0}`;
  // Its first thread may be gone before the others, which then still hold the connections.
  const hasEnded = (): boolean =>
    / Z /u.test(readFileSync(`${process}/stat`, 'latin1')) && readdirSync(`${process}/task`).length === 1;
  while (!hasEnded()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
}

describe('the lines of ranks', () => {
  const started: ChildProcess[] = [];
  const opened: RankLines[] = [];
  const heard: unknown[] = [];

  afterEach(async () => {
    for (const each of started.splice(0)) {
      each.kill('SIGKILL');
      if (each.exitCode === null && each.signalCode === null) await once(each, 'exit');
    }
    for (const each of opened.splice(0)) each.close();
    heard.length = 0;
  });

  const open = async (ranks: number): Promise<RankLines> => {
    const lines = await RankLines.open({ ranks, areHere: true, hear: (word) => heard.push(word) });
    opened.push(lines);
    return lines;
  };

  const start = (lines: Pick<RankLines, 'variables'>, rank: number): ChildProcess => {
    const child = spawn(process.execPath, [PROGRAM, String(rank)], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...lines.variables },
    });
    started.push(child);
    return child;
  };

  const end = async (child: ChildProcess, exitCode: number): Promise<void> => {
    child.stdin?.write(`${exitCode}\n`);
    expect(await once(child, 'exit')).toEqual([exitCode, null]);
  };

  it('name the rank whose end came first, of several ends that are heard at once', async () => {
    const lines = await open(3);
    const ranks = [0, 1, 2].map((rank) => start(lines, rank));
    await until('all to call', () => lines.called === 3);
    // A connection that was just heard of is looked at first the next time, whatever came before on others.
    await sleep(50);
    for (const rank of [2, 0, 1]) killUnheard(ranks[rank]);
    await until('the ends', () => lines.lost !== undefined);
    expect(lines.lost).toMatch(/^rank 2 on \S+ was lost$/u);
  });

  it('take no rank for lost that ends by itself, whatever its exit code', async () => {
    const lines = await open(3);
    const ranks = [0, 1, 2].map((rank) => start(lines, rank));
    await until('all to call', () => lines.called === 3);
    await end(ranks[1] as ChildProcess, 75);
    await end(ranks[0] as ChildProcess, 0);
    ranks[2]?.kill('SIGKILL');
    await until('the end', () => lines.lost !== undefined);
    expect(lines.lost).toMatch(/^rank 2 /u);
  });

  it('name none where the lost one may be a rank that had not called yet', async () => {
    const lines = await open(3);
    const first = start(lines, 0);
    await until('it to call', () => lines.called === 1);
    first.kill('SIGKILL');
    await once(first, 'exit');
    const others = [1, 2].map((rank) => start(lines, rank));
    await until('all to call', () => lines.called === 3);
    for (const other of others) other.kill('SIGKILL');
    await Promise.all(others.map((other) => once(other, 'exit')));
    expect(lines.lost).toBeUndefined();
  });

  it('hear how a rank ends that says so, and nothing from who does not know their token', async () => {
    const lines = await open(1);
    const [, port, token] = lines.variables['BLUEWATERS_LAUNCHED_BY']!.split(':');
    const call = (...words: object[]): Promise<unknown> => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        for (const word of words) socket.write(`${JSON.stringify(word)}\n`);
      });
      socket.on('error', () => undefined).resume();
      const closed = once(socket, 'close');
      setTimeout(() => socket.destroy(), 1_000);
      return closed;
    };
    const ends = { kind: 'ends', word: { rank: 0, failed: 'KEY_INVALID: a name' } };
    const here = { kind: 'here', rank: 0, host: 'a' };
    await call(ends);
    await call({ ...here, token: 'x' }, ends);
    await call({ ...here, token: 'x'.repeat(10_000) });
    expect([lines.called, lines.lost, heard]).toEqual([0, undefined, []]);
    await call({ ...here, token }, ends);
    expect([lines.called, lines.lost, heard]).toEqual([1, undefined, [ends.word]]);
  });

  it('may be gone: a rank goes on and ends as ever', async () => {
    const lines = await open(1);
    const { variables } = lines;
    lines.close();
    for (const given of [variables, { BLUEWATERS_LAUNCHED_BY: 'nowhere.invalid:1:token' }, {}]) {
      const rank = start({ variables: given }, 0);
      await once(rank.stdout!, 'data');
      await end(rank, 75);
    }
  });
});
