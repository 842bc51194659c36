import { CodedError } from '@bluewaters/errors';
import type { BuildRequest, ValidationRule } from '@bluewaters/messages';
import {
  imageId,
  indexKeys,
  indexName,
  parseImageList,
  sameLabels,
  shuffledOrder,
  type Split,
} from '@bluewaters/records';
import { readTextSource, type ObjectStore } from '@bluewaters/storage';
import { loadIndex, sha256Of, type LabelledImage, type LoadedIndex } from './load-index.js';

const LONGEST_LIST_BYTES = 256 * 1024 * 1024;
/** Sets the draw of held-out images apart from other orders of the same seed. */
const SPLIT_PURPOSE = 1;

/** The images of a split. */
export interface SplitPart {
  readonly split: Split;
  /** That they are of. */
  readonly index: LoadedIndex;
  /** In the order of the index. */
  readonly images: readonly LabelledImage[];
  /** Digest of what makes them this split's, beside the index. */
  readonly rule: string;
}

/** Which images of an index are held out. */
interface HeldOutRule {
  /** Of everything that the rule depends on, the contents of a list included. */
  readonly digest: string;
  /** True for each image, in the order of the index, that belongs to validation. */
  readonly heldOut: (images: readonly LabelledImage[]) => boolean[];
}

/**
 * Finds the images of each split: of an index of its own, or of that of train by the rule of the request.
 *
 * @returns in the order of {@link SPLITS}; testing only where it was asked for.
 * @throws {CodedError} INDEX_INVALID also for a split that has other labels than train; FILE_NOT_FOUND, SYNSET_INVALID for
 * a list that can't be read; CONFIG_INVALID when a rule leaves a split empty.
 */
export async function readSplits(request: BuildRequest, store: ObjectStore): Promise<SplitPart[]> {
  const { dataset, validation, testing } = request;
  const train = await loadIndex(store, dataset, request.index);
  const own = (split: Split, digest: string): Promise<SplitPart> => loadSplit(store, { split, digest, train });
  const parts =
    validation.kind === 'index'
      ? [wholeOf('train', train), await own('validation', validation.index)]
      : divide(train, await readRule(request, validation, store));
  return testing === undefined ? parts : [...parts, await own('testing', testing)];
}

function wholeOf(split: Split, index: LoadedIndex): SplitPart {
  return { split, index, images: index.images, rule: 'whole' };
}

async function loadSplit(
  store: ObjectStore,
  { split, digest, train }: { readonly split: Split; readonly digest: string; readonly train: LoadedIndex },
): Promise<SplitPart> {
  const index = await loadIndex(store, indexName(train.name, split), digest);
  if (sameLabels(index.classes, train.classes)) return wholeOf(split, index);
  throw new CodedError('INDEX_INVALID', `The split ${split} was indexed when the dataset had other labels`, {
    details: {
      file: indexKeys.entry(index.name),
      expected: `the ${train.classes.length} classes of ${indexKeys.entry(train.name)}, in their order`,
      got: `${index.classes.length} others`,
    },
  });
}

async function readRule(
  { seed }: BuildRequest,
  rule: Exclude<ValidationRule, { kind: 'index' }>,
  store: ObjectStore,
): Promise<HeldOutRule> {
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

/** Divides the images of an index into two splits, each in the order of the index. */
function divide(index: LoadedIndex, { digest, heldOut }: HeldOutRule): SplitPart[] {
  const { images } = index;
  const isHeldOut = heldOut(images);
  const train = images.filter((_, i) => !isHeldOut[i]);
  const validation = images.filter((_, i) => isHeldOut[i]);
  if (train.length === 0 || validation.length === 0) {
    throw new CodedError('CONFIG_INVALID', 'The validation rule leaves a split without images', {
      details: { field: 'validation', got: `${train.length} images to train on, ${validation.length} held out` },
    });
  }
  const of = { index, rule: digest };
  return [
    { split: 'train', images: train, ...of },
    { split: 'validation', images: validation, ...of },
  ];
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
