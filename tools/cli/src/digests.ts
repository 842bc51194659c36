import { createHash } from 'node:crypto';
import { CodedError } from '@bluewaters/errors';
import type { BuildResult } from '@bluewaters/messages';
import { datasetKeys, indexKeys, indexName, type Split } from '@bluewaters/records';
import { describeDataset, listDatasets } from '@bluewaters/shards';
import { getIfThere, type ObjectStore } from '@bluewaters/storage';

/** Identifies the index of a dataset. @throws {CodedError} INDEX_INVALID when there is none. */
export async function indexDigest(store: ObjectStore, dataset: string): Promise<string> {
  const digest = await findIndexDigest(store, dataset);
  if (digest !== undefined) return digest;
  throw new CodedError('INDEX_INVALID', `There is no index of ${dataset}; make one with \`bluewaters ingest\``, {
    details: { file: indexKeys.entry(dataset), expected: 'an index entry', got: 'nothing' },
  });
}

/** Identifies the index of a split; undefined where there is none. */
export async function findIndexDigest(store: ObjectStore, dataset: string, split?: Split): Promise<string | undefined> {
  const bytes = await getIfThere(store, indexKeys.entry(indexName(dataset, split)));
  return bytes && createHash('sha256').update(bytes).digest('hex');
}

/** Every complete dataset of the store. */
export async function allDatasets(store: ObjectStore): Promise<BuildResult[]> {
  const datasets: BuildResult[] = [];
  for await (const dataset of listDatasets(store)) datasets.push(dataset);
  return datasets;
}

/** What is known of a dataset. @throws {CodedError} MANIFEST_INVALID when there is none of that name. */
export async function findDataset(store: ObjectStore, name: string): Promise<BuildResult> {
  // Not by a list of all: credentials that are lent for one dataset may not ask for it.
  if (await store.stat(datasetKeys.manifest(name))) return describeDataset(store, name);
  const datasets = await allDatasets(store);
  throw new CodedError('MANIFEST_INVALID', `There is no dataset ${name}; build it with \`bluewaters shards build\``, {
    details: { expected: datasets.map(({ dataset }) => dataset).join(', ') || 'a dataset', got: name },
  });
}
