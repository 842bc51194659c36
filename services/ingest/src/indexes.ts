import { createHash } from 'node:crypto';
import { Indexes, type IngestResult } from '@bluewaters/messages';
import { parseIndexEntry } from '@bluewaters/records';
import type { ServicePorts } from '@bluewaters/service';
import type { ObjectStore } from '@bluewaters/storage';

/**
 * All complete indexes of a store, those of all splits, in the order of their names; what the table of indexes is rebuilt from.
 *
 * @param onDamaged Told of an entry that cannot be read, which is then passed over; by default it is thrown.
 * @throws {CodedError} INDEX_INVALID for an entry that is damaged.
 */
export async function* listIndexes(
  store: ObjectStore,
  onDamaged: (error: unknown) => void = rethrow,
): AsyncGenerator<IngestResult> {
  for await (const { key } of store.list('indexes/')) {
    const dataset = /^indexes\/([^/]+)(?:\/(?:validation|testing))?\/index\.json$/u.exec(key)?.[1];
    if (dataset === undefined) continue;
    try {
      yield summarize(dataset, key, await store.get(key));
    } catch (error) {
      onDamaged(error);
    }
  }
}

function summarize(dataset: string, indexKey: string, bytes: Uint8Array): IngestResult {
  const { split, examples, synsets, refused, repaired, boxes } = parseIndexEntry(bytes, { file: indexKey });
  const digest = createHash('sha256').update(bytes).digest('hex');
  const counts = { examples, synsets: synsets.length, refused, repaired, boxes: boxes?.boxes ?? 0 };
  return { dataset, ...(split && { split }), indexKey, digest, ...counts };
}

/** Where the table of indexes has one. */
export function tableKey({ dataset, split }: Pick<IngestResult, 'dataset' | 'split'>): string {
  return split === undefined ? dataset : `${dataset}.${split}`;
}

function rethrow(error: unknown): never {
  throw error;
}

/** Makes the table of indexes say what the store holds; one that is damaged is logged, since it must not keep the rest away. */
export async function rebuildIndexes({ bus, store, log }: Pick<ServicePorts, 'bus' | 'store' | 'log'>): Promise<void> {
  const table = await bus.state(Indexes);
  const gone = new Set((await table.list()).map(({ key }) => key));
  for await (const index of listIndexes(store, (error) => log.warn({ err: error }, 'passed over'))) {
    await table.put(tableKey(index), index);
    gone.delete(tableKey(index));
  }
  for (const key of gone) await table.delete(key);
}
