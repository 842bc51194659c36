import { CodedError } from '@bluewaters/errors';
import type { BuildRequest, BuildResult } from '@bluewaters/messages';
import { datasetKeys, encodeManifest, restrictionKey, type ManifestShard } from '@bluewaters/records';
import { inOrder, ProgressMeter } from '@bluewaters/service';
import { openSource, type ObjectStore, type SourceFile } from '@bluewaters/storage';
import type { BuildContext, StoredShard } from './context.js';
import { summarize } from './datasets.js';
import { loadIndex, sha256Of, type LoadedIndex } from './load-index.js';
import { planShards, type ShardPlan } from './plan.js';
import type { ImageBytes } from './read-members.js';
import { noticesOf, sharedImages, storeSharedImages } from './shared-images.js';
import { readSplitRule, splitImages } from './split.js';
import { findShard, writeShard } from './write-shard.js';

/**
 * Builds the dataset of an index: splits the images, puts them in order, writes the shards that are not there yet, then the
 * manifest. The bytes depend on index, rule, seed and counts alone, whatever the number of shards at a time, stops and kills.
 *
 * @throws {CodedError} INDEX_INVALID, CONFIG_INVALID, SYNSET_INVALID, FILE_NOT_FOUND, ARCHIVE_CHANGED, INTERRUPTED, or the
 * store's; then there is no manifest that names anything half-done.
 */
export async function buildShards(request: BuildRequest, context: BuildContext): Promise<BuildResult> {
  const { store } = context;
  const { dataset } = request;
  const index = await loadIndex(store, dataset, request.index);
  const rule = await readSplitRule(request, store);
  const splits = splitImages(index.images, rule);
  const shared = sharedImages(splits);
  const plans = (['train', 'validation'] as const).flatMap((split) => planShards(request, rule, split, splits[split]));
  const shards = await buildAll(plans, index, { dataset, notices: noticesOf(dataset, shared) }, context);
  await storeSharedImages(store, dataset, shared);
  const result = await commit(request, index, shards, store);
  await removeStrays(store, dataset, shards, shared.length > 0);
  return result;
}

async function buildAll(
  plans: readonly ShardPlan[],
  { entry, images, classes }: LoadedIndex,
  { dataset, notices }: { readonly dataset: string; readonly notices: readonly string[] },
  context: BuildContext,
): Promise<StoredShard[]> {
  const { store, report, shardsAtATime, onShard } = context;
  await using archive = await openArchive(store, entry);
  const labels = new Map(classes.map(({ synset, label }) => [synset, label]));
  const failed = new AbortController();
  const signal = AbortSignal.any([context.signal, failed.signal]);
  const tally = new Tally(new ProgressMeter(report, 'images'), images.length, notices);
  const manifestGone = once(() => store.delete(datasetKeys.manifest(dataset)));
  const build = async (plan: ShardPlan): Promise<StoredShard> => {
    const found = await findShard(plan, store);
    if (found) tally.add(plan, found.examples);
    else await manifestGone();
    const from: ImageBytes = { dataset, archive, store, labels };
    return found ?? (await writeShard(plan, from, { ...context, signal }, () => tally.add(plan, 1)));
  };
  const shards: StoredShard[] = [];
  try {
    for await (const shard of inOrder(plans, shardsAtATime, build)) {
      shards.push(shard);
      await onShard(shard);
    }
  } catch (error) {
    // The neighbours' work would go on for nothing.
    failed.abort();
    throw error;
  }
  tally.end();
  return shards;
}

async function openArchive(store: ObjectStore, entry: LoadedIndex['entry']): Promise<SourceFile> {
  const archive = await openSource(store, entry.archive);
  if (archive.size === entry.archiveSize) return archive;
  await archive[Symbol.asyncDispose]();
  throw new CodedError('ARCHIVE_CHANGED', 'The archive is not the one that was indexed', {
    details: { file: archive.file, expected: `${entry.archiveSize} bytes`, got: `${archive.size} bytes` },
  });
}

/** Makes the dataset visible: every shard that the manifest names is stored by now. */
async function commit(
  request: BuildRequest,
  index: LoadedIndex,
  shards: readonly StoredShard[],
  store: ObjectStore,
): Promise<BuildResult> {
  const { dataset, seed } = request;
  const ofSplit = (wanted: StoredShard['split']): ManifestShard[] =>
    shards
      .filter(({ split }) => split === wanted)
      .map(({ key, size, sha256, examples }) => ({ key, size, sha256, examples }));
  const splits = { train: ofSplit('train'), validation: ofSplit('validation') };
  const bytes = encodeManifest({
    format: 'bluewaters.manifest.v1',
    dataset,
    index: request.index,
    seed,
    classes: [...index.classes],
    splits,
  });
  await store.put(datasetKeys.manifest(dataset), bytes);
  return summarize(dataset, splits, sha256Of(bytes));
}

/** Removes what an older build of the same name left and the manifest does not name. */
async function removeStrays(
  store: ObjectStore,
  dataset: string,
  shards: readonly StoredShard[],
  hasShared: boolean,
): Promise<void> {
  const named = new Set(shards.flatMap(({ key }) => [key, datasetKeys.offsets(key)]));
  named.add(datasetKeys.manifest(dataset));
  named.add(restrictionKey(datasetKeys.prefix(dataset)));
  if (hasShared) named.add(datasetKeys.shared(dataset));
  for await (const { key } of store.list(datasetKeys.prefix(dataset))) if (!named.has(key)) await store.delete(key);
}

/** Counts images over all shards. */
class Tally {
  readonly #meter: ProgressMeter;
  readonly #total: number;
  readonly #notices: readonly string[];
  #done = 0;

  constructor(meter: ProgressMeter, total: number, notices: readonly string[]) {
    this.#meter = meter;
    this.#total = total;
    this.#notices = notices;
  }

  add({ key }: ShardPlan, images: number): void {
    this.#done += images;
    this.#meter.update(`writing ${key.slice(key.lastIndexOf('/') + 1)}`, this.#done, this.#total, this.#notices);
  }

  end(): void {
    this.#meter.last('all shards are written', this.#done, this.#total, this.#notices);
  }
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= action());
}
