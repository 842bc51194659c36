/** What a coordinator costs that hears of 10,000 ranks over NATS, and whether it knows how they are. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CoordinatedRuns, openBus } from '@bluewaters/messages';
import { getNats } from '../../setup/src/servers.mjs';
import { COMMAND, beside } from '../comparison.mjs';

const RANKS = 10_000;
/** The first quarter is not counted: all come at once in it. */
const SECONDS = 60;
const CLOCK_TICKS = 100;

/** @param {number} pid Seconds of the processor. */
function processorSeconds(pid) {
  const [, rest = ''] = /\) (.*)$/su.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
  const fields = rest.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
}

/** @param {number} pid In MB, the most so far. */
const mostMemory = (pid) => Number(/VmHWM:\s+(\d+)/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** @param {unknown} got @param {unknown} expected @param {string} what */
function assertSame(got, expected, what) {
  if (JSON.stringify(got) === JSON.stringify(expected)) return;
  throw new Error(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`);
}

/** On a port that it chooses itself. @param {string} folder @returns {Promise<{ url: string, stop: () => void }>} */
async function startNats(folder) {
  const args = ['--addr', '127.0.0.1', '--port', '-1', '--jetstream', '--store_dir', folder];
  const server = spawn(await getNats(process.env), args, { stdio: ['ignore', 'ignore', 'pipe'] });
  for await (const line of createInterface({ input: server.stderr })) {
    const [, port] = /Listening for client connections on \S+:(\d+)/u.exec(line) ?? [];
    if (port) return { url: `nats://127.0.0.1:${port}`, stop: () => server.kill() };
  }
  throw new Error('NATS does not start');
}

/** @param {import('../comparison.mjs').Place} place */
export async function coordination({ tuned, folder }) {
  const nats = await startNats(join(folder, 'nats'));
  const options = ['--bus', nats.url];
  const coordinator = spawn(process.execPath, [COMMAND, 'coordinate', ...options], {
    env: tuned,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const bus = await openBus({ kind: 'nats', url: nats.url });
  try {
    await once(createInterface({ input: coordinator.stdout }), 'line');
    const pid = coordinator.pid ?? 0;
    const script = beside('distributed/many_ranks.mjs');
    const ranks = spawn(process.execPath, [script, nats.url, String(RANKS), String(SECONDS)], {
      env: tuned,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: ranks.stdout });
    const ended = once(ranks, 'close');
    await new Promise((resolve) => setTimeout(resolve, (SECONDS / 4) * 1000));
    const [from, begun] = [processorSeconds(pid), performance.now()];
    await once(lines, 'line');
    const cores = (processorSeconds(pid) - from) / ((performance.now() - begun) / 1000);
    const table = await bus.state(CoordinatedRuns);
    const known = (await table.get('many'))?.value;
    assertSame(known && [known.arrived, known.hosts], [RANKS - 1, RANKS / 16], 'who has come');
    assertSame(known && [known.missing, known.silent], [[1], [7]], 'who has not, and who fell silent');
    const [last] = /** @type {[string]} */ (await once(lines, 'line'));
    const counts = JSON.parse(last);
    // All but the two have a beat between the order and their end.
    assertSame(counts.stopped >= RANKS - 2, true, 'every rank heard the order to stop');
    await ended;
    const work = `${RANKS} ranks, each showing itself every ${RANKS / 2000} s, longest wait ${counts.longest.toFixed(0)} ms`;
    const memory = mostMemory(pid);
    return [
      {
        ...{ work: `coordinator of ${work}`, against: 'one core' },
        ...{ ours: `${cores.toFixed(2)} cores`, theirs: '1 core', ratio: 1 / cores, goal: 1 },
      },
      {
        ...{ work: 'its memory', against: '1 GB' },
        ...{ ours: `${memory.toFixed(0)} MB`, theirs: '1000 MB', ratio: 1000 / memory, goal: 1 },
      },
    ];
  } finally {
    coordinator.kill('SIGTERM');
    await bus.close();
    nats.stop();
  }
}
