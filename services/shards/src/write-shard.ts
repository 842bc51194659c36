import { CodedError, isCodedError } from '@bluewaters/errors';
import {
  datasetKeys,
  decodeOffsets,
  encodeOffsets,
  imageExample,
  type Box,
  type IndexedBox,
  type ShardOffsets,
} from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';
import type { BuildContext, StoredShard } from './context.js';
import type { ShardPlan } from './plan.js';
import { readMembers, type ImageBytes, type LoadedImage } from './read-members.js';
import { ShardFile } from './shard-file.js';

/**
 * Builds one shard and stores it, then its offsets.
 *
 * @param onImage Called for each record.
 * @throws {CodedError} INTERRUPTED by the signal; ARCHIVE_CHANGED, INDEX_INVALID; STORE_FULL and the like.
 */
export async function writeShard(
  plan: ShardPlan,
  from: ImageBytes,
  { store, scratch, signal }: Pick<BuildContext, 'store' | 'scratch' | 'signal'>,
  onImage: () => void,
): Promise<StoredShard> {
  await using file = await ShardFile.create(scratch);
  for await (const loaded of readMembers(plan.images, from)) {
    if (signal.aborted) throw new CodedError('INTERRUPTED', `Building ${plan.key} was stopped`);
    await file.append(payloadOf(loaded, from.labels));
    onImage();
  }
  const { size, sha256, records } = await file.finish();
  await store.putFile(plan.key, file.path);
  await store.put(datasetKeys.offsets(plan.key), encodeOffsets({ records, size, sha256, build: plan.build }));
  return { split: plan.split, key: plan.key, size, sha256, examples: records.length };
}

/** The shard of this plan, if an earlier build has stored it. Its bytes are not read: that is what `verify` is for. */
export async function findShard(plan: ShardPlan, store: ObjectStore): Promise<StoredShard | undefined> {
  const offsets = await findOffsets(plan, store);
  if (offsets?.build !== plan.build || offsets.records.length !== plan.images.length) return undefined;
  if ((await store.stat(plan.key))?.size !== offsets.size) return undefined;
  const { size, sha256, records } = offsets;
  return { split: plan.split, key: plan.key, size, sha256, examples: records.length };
}

async function findOffsets(plan: ShardPlan, store: ObjectStore): Promise<ShardOffsets | undefined> {
  const file = datasetKeys.offsets(plan.key);
  try {
    return decodeOffsets(await store.get(file), { file });
  } catch (error) {
    if (isCodedError(error, 'OBJECT_NOT_FOUND') || isCodedError(error, 'SHARD_CORRUPT')) return undefined;
    throw error;
  }
}

function payloadOf({ image, bytes }: LoadedImage, labels: ReadonlyMap<string, number>): Uint8Array {
  const { name, width, height } = image;
  const { label, synset, words } = image.class;
  const boxes = (image.boxes ?? []).map((box) => boxOf(box, labels));
  return imageExample({ encoded: bytes, filename: name, width, height, label, synset, text: words, boxes });
}

/** What an object is that is of no class of the dataset, the picture's label says best. */
function boxOf({ synset, ...ends }: IndexedBox, labels: ReadonlyMap<string, number>): Box {
  const label = synset === undefined ? undefined : labels.get(synset);
  return label === undefined ? ends : { ...ends, label };
}
