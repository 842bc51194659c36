import { Datasets, type BuildResult } from '@bluewaters/messages';
import { datasetKeys, parseManifest, type Manifest, type ManifestShard } from '@bluewaters/records';
import type { ServicePorts } from '@bluewaters/service';
import type { ObjectStore } from '@bluewaters/storage';
import { sha256Of } from './load-index.js';

/**
 * All complete datasets of a store, in the order of their names; what the table of datasets is rebuilt from.
 *
 * @param onDamaged Told of an entry that cannot be read, which is then passed over; by default it is thrown.
 * @throws {CodedError} MANIFEST_INVALID for a manifest that is damaged.
 */
export async function* listDatasets(
  store: ObjectStore,
  onDamaged: (error: unknown) => void = rethrow,
): AsyncGenerator<BuildResult> {
  for await (const { key } of store.list('datasets/')) {
    const dataset = /^datasets\/([^/]+)\/manifest\.json$/u.exec(key)?.[1];
    if (dataset === undefined) continue;
    try {
      yield await describeDataset(store, dataset);
    } catch (error) {
      onDamaged(error);
    }
  }
}

/** What a store holds of one dataset. @throws {CodedError} OBJECT_NOT_FOUND when it has none; MANIFEST_INVALID. */
export async function describeDataset(store: ObjectStore, dataset: string): Promise<BuildResult> {
  const file = datasetKeys.manifest(dataset);
  const bytes = await store.get(file);
  return summarize(dataset, parseManifest(bytes, { file }).splits, sha256Of(bytes));
}

function rethrow(error: unknown): never {
  throw error;
}

/** @param digest Sha256 of the manifest's bytes. */
export function summarize(dataset: string, splits: Manifest['splits'], digest: string): BuildResult {
  const summary = (shards: readonly ManifestShard[]): BuildResult['splits']['train'] => ({
    shards: shards.length,
    examples: shards.reduce((sum, { examples }) => sum + examples, 0),
    bytes: shards.reduce((sum, { size }) => sum + size, 0),
  });
  return {
    dataset,
    manifestKey: datasetKeys.manifest(dataset),
    digest,
    splits: {
      train: summary(splits.train),
      validation: summary(splits.validation),
      ...(splits.testing && { testing: summary(splits.testing) }),
    },
  };
}

/** Makes the table of datasets say what the store holds; one that is damaged is logged, since it must not keep the rest away. */
export async function rebuildDatasets({ bus, store, log }: Pick<ServicePorts, 'bus' | 'store' | 'log'>): Promise<void> {
  const table = await bus.state(Datasets);
  const gone = new Set((await table.list()).map(({ key }) => key));
  for await (const dataset of listDatasets(store, (error) => log.warn({ err: error }, 'passed over'))) {
    await table.put(dataset.dataset, dataset);
    gone.delete(dataset.dataset);
  }
  for (const dataset of gone) await table.delete(dataset);
}
