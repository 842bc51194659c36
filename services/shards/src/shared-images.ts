import { datasetKeys, SPLITS, type Split } from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';
import type { LabelledImage } from './load-index.js';
import type { SplitPart } from './split.js';

/** The same bytes in several splits: a line of `shared.jsonl`. Names are `<synset>/<name>`, in the order of the index. */
export type SharedImage = Partial<Record<Split, readonly string[]>>;

/**
 * Pictures that are held out and are of another split alike, byte for byte, under whatever names: what a network says of
 * them tells nothing of how it does with new ones.
 *
 * @returns in the order of the validation split, then of testing.
 */
export function sharedImages(parts: readonly Pick<SplitPart, 'split' | 'images'>[]): SharedImage[] {
  const found = new Map<string, Partial<Record<Split, string[]>>>();
  const [train, ...heldOut] = parts;
  for (const { split, images } of heldOut) {
    for (const image of images) {
      const same = found.get(image.sha256) ?? {};
      (same[split] ??= []).push(nameOf(image));
      found.set(image.sha256, same);
    }
  }
  for (const image of train?.images ?? []) {
    const same = found.get(image.sha256);
    if (same) (same.train ??= []).push(nameOf(image));
  }
  const shared = [...found.values()].filter((by) => Object.keys(by).length > 1);
  return shared.map((by) => Object.fromEntries(SPLITS.flatMap((split) => (by[split] ? [[split, by[split]]] : []))));
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
  const count = shared.reduce((sum, { validation = [], testing = [] }) => sum + validation.length + testing.length, 0);
  if (count === 0) return [];
  return [`${count} held-out pictures are in another split, too, byte for byte: ${datasetKeys.shared(dataset)}`];
}

function nameOf({ class: { synset }, name }: LabelledImage): string {
  return `${synset}/${name}`;
}
