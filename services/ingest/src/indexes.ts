import { createHash } from 'node:crypto';
import { Indexes, type IngestResult, type MessageBus } from '@bluewaters/messages';
import { indexKeys, parseIndexEntry } from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';

/**
 * All complete indexes of a store, in the order of their names; what the table of indexes is rebuilt from.
 *
 * @throws {CodedError} INDEX_INVALID for an entry that is damaged.
 */
export async function* listIndexes(store: ObjectStore): AsyncGenerator<IngestResult> {
  for await (const { key } of store.list('indexes/')) {
    const dataset = /^indexes\/([^/]+)\/index\.json$/u.exec(key)?.[1];
    if (dataset === undefined) continue;
    const bytes = await store.get(key);
    const { examples, synsets, refused, repaired } = parseIndexEntry(bytes, { file: key });
    const digest = createHash('sha256').update(bytes).digest('hex');
    const indexKey = indexKeys.entry(dataset);
    yield { dataset, indexKey, digest, examples, synsets: synsets.length, refused, repaired };
  }
}

/** Makes the table of indexes say what the store holds. */
export async function rebuildIndexes(bus: MessageBus, store: ObjectStore): Promise<void> {
  const table = await bus.state(Indexes);
  const gone = new Set((await table.list()).map(({ key }) => key));
  for await (const index of listIndexes(store)) {
    await table.put(index.dataset, index);
    gone.delete(index.dataset);
  }
  for (const dataset of gone) await table.delete(dataset);
}
