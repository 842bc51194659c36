/**
 * One rank as a process of its own, so that an abort inside TensorFlow takes nothing else along. Started by the training
 * service with its task in the environment; reaches the bus through its parent, opens the store itself.
 */
import { toCodedError } from '@bluewaters/errors';
import {
  ParentBus,
  RankEnded,
  RankReported,
  RankStepped,
  TrainRequest,
  type MessageBus,
  type Progress,
  type RankFigures,
} from '@bluewaters/messages';
import { openStore, StoreOptions } from '@bluewaters/storage';
import { z } from 'zod';
import { train } from './train.js';

/** What a rank is told at its start, in `BLUEWATERS_RANK`, as JSON. */
export const RankTask = z.strictObject({
  request: TrainRequest,
  store: StoreOptions,
  workDirectory: z.string(),
  threads: z.int().positive(),
  /** See `RankPorts`. */
  patient: z.boolean(),
});
/** See {@link RankTask:variable}. */
export type RankTask = z.infer<typeof RankTask>;

async function main(): Promise<void> {
  const task = RankTask.parse(JSON.parse(process.env['BLUEWATERS_RANK'] ?? ''));
  const bus = new ParentBus();
  const stopping = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stopping.abort());
  const { run } = task.request;
  try {
    const store = await openStore(task.store);
    const { request, workDirectory, threads, patient } = task;
    const { signal } = stopping;
    const result = await train(request, {
      ...{ bus, store, workDirectory, threads, patient },
      report: reporter(bus, run),
      show: shower(bus, run),
      signal,
    });
    await bus.publish(RankEnded, { run, result });
    await store.close();
  } catch (error) {
    await bus.publish(RankEnded, { run, error: toCodedError(error).toJSON() });
    process.exitCode = 1;
  }
  await bus.close();
  // TensorFlow's and tfjs's own threads would keep the process.
  process.exit();
}

/** Tells progress at most four times a second; losing a report on the way harms nothing, so none is waited for. */
function reporter(bus: MessageBus, run: string): (progress: Progress) => void {
  let toldAt = 0;
  let phase = '';
  return (progress) => {
    const now = performance.now();
    if (progress.phase === phase && now - toldAt < 250) return;
    toldAt = now;
    phase = progress.phase;
    bus.publish(RankReported, { run, progress }).catch(() => undefined);
  };
}

/** Tells how steps go, once a second at most; the next time makes up for one that is lost. */
function shower(bus: MessageBus, run: string): (figures: RankFigures) => void {
  let toldAt = -Infinity;
  return (figures) => {
    const now = performance.now();
    if (now - toldAt < 1000) return;
    toldAt = now;
    bus.publish(RankStepped, { run, figures }).catch(() => undefined);
  };
}

await main();
