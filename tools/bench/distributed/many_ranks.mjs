/**
 * Many ranks that show themselves to a coordinator, as one process: `many_ranks.mjs URL RANKS SECONDS`. Rank 1 never
 * comes, and half-way rank 7 falls silent. Prints how many signs of life were answered, how many answers were orders to
 * stop, and the longest wait for one in milliseconds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AskToLaunch, Beat, Steer, openBus } from '@bluewaters/messages';

const [url = '', ranksText, secondsText] = process.argv.slice(2);
const [ranks, seconds] = [Number(ranksText), Number(secondsText)];
const CONNECTIONS = 16;
const EVERY_MS = ranks / 2;
const NEVER = 1;
const FALLS_SILENT = 7;
const RUN = 'many';

const buses = await Promise.all(Array.from({ length: CONNECTIONS }, () => openBus({ kind: 'nats', url })));
const bus = (/** @type {number} */ rank) => buses[rank % CONNECTIONS] ?? process.exit(1);
const launcher = { host: 'login', pid: process.pid };
await bus(0).request(AskToLaunch, { run: RUN, launcher, ranks, ends: false });

const begun = performance.now();
const passed = () => (performance.now() - begun) / 1000;
const counts = { answered: 0, stopped: 0, longest: 0 };

/** @param {number} rank */
async function live(rank) {
  const host = `nid${String(Math.floor(rank / 16)).padStart(5, '0')}`;
  for (let n = 0; passed() < seconds && !(rank === FALLS_SILENT && passed() > seconds / 2); n += 1) {
    // Spread over the time between two, each in its place.
    const due = begun + (n + rank / ranks) * EVERY_MS;
    await sleep(Math.max(0, due - performance.now()));
    const spent = { input: 0.001, compute: 0.2, reduce: 0.02 };
    const figures = { step: n, epoch: 0, loss: 2, batch: ranks, imagesPerSecond: 40_000, seconds: spent };
    const askedAt = performance.now();
    const { order } = await bus(rank).request(
      Beat,
      { run: RUN, generation: 1, rank, ranks, host, pid: 1000 + rank, figures },
      { timeoutMs: 30_000 },
    );
    counts.answered += 1;
    counts.stopped += order === 'stop' ? 1 : 0;
    counts.longest = Math.max(counts.longest, performance.now() - askedAt);
  }
}

const all = Array.from({ length: ranks }, (_, rank) => rank).filter((rank) => rank !== NEVER);
const living = Promise.all(all.map(live));
await sleep((seconds - EVERY_MS / 1000) * 1000);
console.log(JSON.stringify({ stopping: true }));
await bus(0).request(Steer, { run: RUN, order: 'stop' });
await living;
console.log(JSON.stringify(counts));
await Promise.all(buses.map((each) => each.close()));
