import type { BuildRequest, BuildResult } from '@bluewaters/messages';
import {
  datasetKeys,
  encodeManifest,
  restrictionKey,
  type Manifest,
  type ManifestShard,
  type Split,
} from '@bluewaters/records';
import { inOrder, ProgressMeter } from '@bluewaters/service';
import type { ObjectStore } from '@bluewaters/storage';
import { Archives } from './archives.js';
import type { BuildContext, StoredShard } from './context.js';
import { summarize } from './datasets.js';
import { sha256Of } from './load-index.js';
import { planShards, type ShardPlan } from './plan.js';
import { noticesOf, sharedImages, storeSharedImages } from './shared-images.js';
import { readSplits, type SplitPart } from './split.js';
import { findShard, writeShard } from './write-shard.js';

/**
 * Builds the dataset of one index or of one for each split: finds the images of each, puts them in order, writes the shards that are not there yet, then the
 * manifest. The bytes depend on indexes, rule, seed and counts alone, whatever the number of shards at a time, stops and kills.
 *
 * @throws {CodedError} INDEX_INVALID, CONFIG_INVALID, SYNSET_INVALID, FILE_NOT_FOUND, ARCHIVE_CHANGED, INTERRUPTED, or the
 * store's; then there is no manifest that names anything half-done.
 */
export async function buildShards(request: BuildRequest, context: BuildContext): Promise<BuildResult> {
  const { store } = context;
  const { dataset } = request;
  const parts = await readSplits(request, store);
  const shared = sharedImages(parts);
  const plans = parts.flatMap((part) => planShards(request, part));
  const shards = await buildAll(plans, { dataset, notices: noticesOf(dataset, shared) }, context);
  await storeSharedImages(store, dataset, shared);
  const result = await commit(request, parts, shards, store);
  await removeStrays(store, dataset, shards, shared.length > 0);
  return result;
}

async function buildAll(
  plans: readonly ShardPlan[],
  { dataset, notices }: { readonly dataset: string; readonly notices: readonly string[] },
  context: BuildContext,
): Promise<StoredShard[]> {
  const { store, report, shardsAtATime, onShard } = context;
  await using archives = await Archives.open(store, new Set(plans.map(({ index }) => index)));
  const failed = new AbortController();
  const signal = AbortSignal.any([context.signal, failed.signal]);
  const total = plans.reduce((sum, { images }) => sum + images.length, 0);
  const tally = new Tally(new ProgressMeter(report, 'images'), total, notices);
  const manifestGone = once(() => store.delete(datasetKeys.manifest(dataset)));
  const build = async (plan: ShardPlan): Promise<StoredShard> => {
    const found = await findShard(plan, store);
    if (found) tally.add(plan, found.examples);
    else await manifestGone();
    return found ?? (await writeShard(plan, archives.of(plan), { ...context, signal }, () => tally.add(plan, 1)));
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

/** Makes the dataset visible: every shard that the manifest names is stored by now. */
async function commit(
  request: BuildRequest,
  parts: readonly SplitPart[],
  shards: readonly StoredShard[],
  store: ObjectStore,
): Promise<BuildResult> {
  const { dataset, seed } = request;
  const ofSplit = (wanted: Split): ManifestShard[] =>
    shards
      .filter(({ split }) => split === wanted)
      .map(({ key, size, sha256, examples }) => ({ key, size, sha256, examples }));
  const testing = request.testing !== undefined && { testing: ofSplit('testing') };
  const splits = { train: ofSplit('train'), validation: ofSplit('validation'), ...testing };
  const bytes = encodeManifest({
    format: 'bluewaters.manifest.v1',
    dataset,
    index: request.index,
    ...ownIndexes(request),
    seed,
    classes: [...parts[0]!.index.classes],
    splits,
  });
  await store.put(datasetKeys.manifest(dataset), bytes);
  return summarize(dataset, splits, sha256Of(bytes));
}

/** Those of splits other than train. */
function ownIndexes({ validation, testing }: BuildRequest): Pick<Manifest, 'splitIndexes'> {
  const splitIndexes = {
    ...(validation.kind === 'index' && { validation: validation.index }),
    ...(testing !== undefined && { testing }),
  };
  return Object.keys(splitIndexes).length === 0 ? {} : { splitIndexes };
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
