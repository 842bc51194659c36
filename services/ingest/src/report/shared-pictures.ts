import { indexKeys, indexName, parseIndexedExamples, SPLITS, type Split } from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';

/** The same bytes in several splits: `<synset>/<name>` of each picture that has them, in the order of the index. */
export type SharedPicture = Partial<Record<Split, readonly string[]>>;

/** A split whose lines are in the store. */
export interface IndexedSplit {
  readonly split: Split;
  /** In label order. */
  readonly synsets: readonly string[];
}

/**
 * Finds pictures that several splits of a dataset have, byte for byte. Digests of all but train are held, since they are
 * few beside it.
 *
 * @param onPicture Called for each that was looked at.
 * @returns in the order of validation, then of testing.
 * @throws {CodedError} INDEX_INVALID for lines that are damaged; the store's.
 */
export async function sharedPictures(
  store: ObjectStore,
  dataset: string,
  splits: readonly IndexedSplit[],
  onPicture: () => void,
): Promise<SharedPicture[]> {
  const found = new Map<string, Partial<Record<Split, string[]>>>();
  for (const { split, synsets } of [...splits].sort((one, other) => heldFirst(one) - heldFirst(other))) {
    for await (const { name, digest } of picturesOf(store, indexName(dataset, split), synsets)) {
      onPicture();
      const same = found.get(digest);
      if (same) (same[split] ??= []).push(name);
      else if (split !== 'train') found.set(digest, { [split]: [name] });
    }
  }
  const shared = [...found.values()].filter((by) => Object.keys(by).length > 1);
  return shared.map((by) => Object.fromEntries(SPLITS.flatMap((split) => (by[split] ? [[split, by[split]]] : []))));
}

function heldFirst({ split }: IndexedSplit): number {
  return split === 'train' ? SPLITS.length : SPLITS.indexOf(split);
}

async function* picturesOf(
  store: ObjectStore,
  index: string,
  synsets: readonly string[],
): AsyncGenerator<{ readonly name: string; readonly digest: string }> {
  for (const synset of synsets) {
    const file = indexKeys.synset(index, synset);
    for (const { name, sha256 } of parseIndexedExamples(await store.get(file), { file })) {
      yield { name: `${synset}/${name}`, digest: shortDigest(sha256) };
    }
  }
}

/** 128 bits tell pictures apart as well, and a million of them take half the memory. */
export function shortDigest(sha256: string): string {
  return sha256.slice(0, 32);
}
