import type { BuildRequest } from '@bluewaters/messages';
import { datasetKeys, evenRanges, shuffledOrder, SPLITS, type Split } from '@bluewaters/records';
import { sha256Of, type LabelledImage, type LoadedIndex } from './load-index.js';
import type { SplitPart } from './split.js';

/** Changes when the same index would give other bytes: shards that older versions left are then built again. */
const BUILDER = 'bluewaters.shards.1';
/** Sets the order of images apart from other orders of the same seed. */
const ORDER_PURPOSE = 2;

/** One shard to be built. */
export interface ShardPlan {
  readonly split: Split;
  /** That its images are of. */
  readonly index: LoadedIndex;
  readonly key: string;
  /** In record order. */
  readonly images: readonly LabelledImage[];
  /** Sha256 of everything that the shard's bytes depend on. */
  readonly build: string;
}

/**
 * Puts the images of a split in order by the seed and cuts them into shards: a pure function of index, rule and request. A
 * split of fewer images than the shards that were asked for gets a shard an image, for none is empty.
 */
export function planShards(request: BuildRequest, { split, index, images, rule }: SplitPart): ShardPlan[] {
  const asked = split === 'train' ? request.trainShards : request.validationShards;
  const shards = Math.min(asked, images.length);
  const order = shuffledOrder(images.length, request.seed, ORDER_PURPOSE, SPLITS.indexOf(split));
  return evenRanges(images.length, shards).map(({ start, end }, shard) => ({
    split,
    index,
    key: datasetKeys.shard(request.dataset, split, shard, shards),
    images: Array.from(order.subarray(start, end), (i) => images[i]!),
    build: sha256Of(JSON.stringify([BUILDER, index.digest, rule, request.seed, split, shard, shards])),
  }));
}
