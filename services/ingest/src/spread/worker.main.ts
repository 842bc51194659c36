/**
 * A worker of ingest in a process of its own, which keeps one core busy: takes units from the bus of its parent, opens the
 * store itself. SIGTERM makes it give back what it is at and end.
 */
import { ParentBus } from '@bluewaters/messages';
import { openStore, StoreOptions } from '@bluewaters/storage';
import { z } from 'zod';
import { takeUnits } from './take-units.js';

/** What a worker is told at its start, as JSON in its first argument. */
export const WorkerTask = z.strictObject({
  store: StoreOptions,
  scratch: z.string(),
  limits: z.strictObject({ maxBytes: z.int().positive(), maxPixels: z.int().positive() }),
});
/** See {@link WorkerTask:variable}. */
export type WorkerTask = z.infer<typeof WorkerTask>;

const task = WorkerTask.parse(JSON.parse(process.argv[2] ?? ''));
const { scratch, limits } = task;
const store = await openStore(task.store);
const bus = new ParentBus();
const units = await takeUnits({ bus, store, scratch, limits, picturesAtATime: 1 });

// A terminal sends it to the whole group; the parent then says what is to become of its workers.
process.on('SIGINT', () => undefined);
process.once('SIGTERM', () => {
  void (async () => {
    await units.stop();
    await bus.close();
    await store.close();
    process.exit();
  })();
});
process.send?.('ready');
