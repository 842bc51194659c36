import { isCodedError } from '@bluewaters/errors';
import { Models, Runs, type MessageBus } from '@bluewaters/messages';
import { modelKeys, parseModelEntry, runKeys } from '@bluewaters/records';
import type { Logger } from '@bluewaters/service';
import type { ObjectStore } from '@bluewaters/storage';
import { modelRecord } from './model-record.js';
import { parseRunEntry, runRecord } from './run-entry.js';

/** Tells the bus every run and model that the store holds: the truth is there, the bus may have lost its state. */
export async function rebuildState(bus: MessageBus, store: ObjectStore, log: Logger): Promise<void> {
  const [runs, models] = await Promise.all([bus.state(Runs), bus.state(Models)]);
  for await (const { key } of store.list(runKeys.root)) {
    if (!key.endsWith('/run.json')) continue;
    await passOver(log, key, async () => {
      const record = runRecord(parseRunEntry(Buffer.from(await store.get(key)).toString('utf8'), key));
      await runs.put(record.run, record);
    });
  }
  for await (const { key } of store.list(modelKeys.root)) {
    if (!key.endsWith('/entry.json')) continue;
    await passOver(log, key, async () => {
      const record = modelRecord(parseModelEntry(await store.get(key), { file: key }));
      await models.put(`${record.model}.${record.version}`, record);
    });
  }
}

/** One damaged entry must not keep the service from starting. */
async function passOver(log: Logger, key: string, put: () => Promise<void>): Promise<void> {
  try {
    await put();
  } catch (error) {
    if (!isCodedError(error)) throw error;
    log.warn({ key, code: error.code }, error.message);
  }
}
