import { CodedError } from '@bluewaters/errors';
import type { BuildRequest } from '@bluewaters/messages';
import { imageId, parseImageList, shuffledOrder } from '@bluewaters/records';
import { readTextSource, type ObjectStore } from '@bluewaters/storage';
import { sha256Of, type LabelledImage } from './load-index.js';

const LONGEST_LIST_BYTES = 256 * 1024 * 1024;
/** Sets the draw of held-out images apart from other orders of the same seed. */
const SPLIT_PURPOSE = 1;

/** Which images are held out. */
export interface SplitRule {
  /** Of everything that the rule depends on, the contents of a list included. */
  readonly digest: string;
  /** True for each image, in the order of the index, that belongs to validation. */
  readonly heldOut: (images: readonly LabelledImage[]) => boolean[];
}

/** @throws {CodedError} FILE_NOT_FOUND, SYNSET_INVALID for a list that can't be read. */
export async function readSplitRule(request: BuildRequest, store: ObjectStore): Promise<SplitRule> {
  const { validation: rule, seed } = request;
  if (rule.kind === 'share') {
    const digest = sha256Of(JSON.stringify([rule.kind, rule.share, seed]));
    return { digest, heldOut: (images) => shareOfEachClass(images, rule.share, seed) };
  }
  const text = await readTextSource(store, rule.list, LONGEST_LIST_BYTES);
  const file = 'path' in rule.list ? rule.list.path : rule.list.key;
  const listed = parseImageList(text, { file });
  const heldOut = (images: readonly LabelledImage[]): boolean[] =>
    images.map((image) => listed.has(imageId(image.class.synset, image.name)));
  return { digest: sha256Of(text), heldOut };
}

/**
 * Divides images into the two splits, each in the order of the index.
 *
 * @throws {CodedError} CONFIG_INVALID when one of them would be empty.
 */
export function splitImages(
  images: readonly LabelledImage[],
  rule: SplitRule,
): { train: LabelledImage[]; validation: LabelledImage[] } {
  const heldOut = rule.heldOut(images);
  const train = images.filter((_, i) => !heldOut[i]);
  const validation = images.filter((_, i) => heldOut[i]);
  if (train.length > 0 && validation.length > 0) return { train, validation };
  throw new CodedError('CONFIG_INVALID', 'The validation rule leaves a split without images', {
    details: { field: 'validation', got: `${train.length} images to train on, ${validation.length} held out` },
  });
}

/** Rounds the share of each class, but takes at least one image of two, and never all. */
function shareOfEachClass(images: readonly LabelledImage[], share: number, seed: number): boolean[] {
  const heldOut = new Array<boolean>(images.length).fill(false);
  for (let start = 0; start < images.length; ) {
    const { label } = images[start]!.class;
    let end = start;
    while (images[end]?.class.label === label) end++;
    const count = end - start;
    const taken = count < 2 ? 0 : Math.min(count - 1, Math.max(1, Math.round(count * share)));
    shuffledOrder(count, seed, SPLIT_PURPOSE, label)
      .subarray(0, taken)
      .forEach((i) => (heldOut[start + i] = true));
    start = end;
  }
  return heldOut;
}
