import { datasetKeys } from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';
import type { LabelledImage } from './load-index.js';

/** The same bytes in both splits: a line of `shared.jsonl`. Names are `<synset>/<name>`, in the order of the index. */
export interface SharedImage {
  readonly train: readonly string[];
  readonly validation: readonly string[];
}

/**
 * Pictures that are held out and trained on alike, byte for byte, under whatever names: what a network says of them tells
 * nothing of how it does with new ones.
 *
 * @returns in the order of the validation split.
 */
export function sharedImages(splits: {
  readonly train: readonly LabelledImage[];
  readonly validation: readonly LabelledImage[];
}): SharedImage[] {
  const heldOut = new Map<string, { train: string[]; validation: string[] }>();
  for (const image of splits.validation) {
    const same = heldOut.get(image.sha256);
    if (same) same.validation.push(nameOf(image));
    else heldOut.set(image.sha256, { train: [], validation: [nameOf(image)] });
  }
  for (const image of splits.train) heldOut.get(image.sha256)?.train.push(nameOf(image));
  return [...heldOut.values()].filter(({ train }) => train.length > 0);
}

/** Stores them for whoever looks; where there are none, nothing. */
export async function storeSharedImages(
  store: ObjectStore,
  dataset: string,
  shared: readonly SharedImage[],
): Promise<void> {
  if (shared.length === 0) return;
  await store.put(datasetKeys.shared(dataset), shared.map((each) => `${JSON.stringify(each)}\n`).join(''));
}

/** What a person is told of them while the shards are built. */
export function noticesOf(dataset: string, shared: readonly SharedImage[]): string[] {
  const count = shared.reduce((sum, { validation }) => sum + validation.length, 0);
  if (count === 0) return [];
  return [`${count} held-out pictures are among those to train on, too, byte for byte: ${datasetKeys.shared(dataset)}`];
}

function nameOf({ class: { synset }, name }: LabelledImage): string {
  return `${synset}/${name}`;
}
