import { indexKeys, parseIndexedExamples, type IndexedExample, type IndexEntry } from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';
import { hasBoxes, type ClassPictures } from './choose-pictures.js';
import { add, NOTHING, type Amount, type TourClass } from './synset-tree.js';

/** Longer lists of names are cut: no one reads them. */
export const MOST_NAMES = 20;

/** Pictures of one kind of file. */
export interface FormatAmount extends Amount {
  /** In words: `a JPEG in colour`, `a PNG with 16 bits`. */
  readonly format: string;
}

/** What the lines of an index say together. */
export interface Seen {
  /** In label order. */
  readonly classes: readonly TourClass[];
  /** Most frequent first. */
  readonly formats: readonly FormatAmount[];
  /** Of each class those that may be shown. */
  readonly pictures: readonly ClassPictures[];
  /** Names of pictures without a box, {@link MOST_NAMES} at most. */
  readonly boxless: readonly string[];
  /** Names of pictures that are to be turned, as their EXIF says; all of them. */
  readonly turned: readonly string[];
}

/**
 * Reads the lines of an index, a class at a time.
 *
 * @param how `candidates` of each class are kept that may be shown, those with boxes first.
 * @throws {CodedError} INDEX_INVALID.
 */
export async function lookThrough(
  entry: IndexEntry,
  { store, candidates }: { readonly store: ObjectStore; readonly candidates: number },
): Promise<Seen> {
  const [classes, pictures]: [TourClass[], ClassPictures[]] = [[], []];
  const [boxless, turned]: [string[], string[]] = [[], []];
  const formats = new Map<string, Amount>();
  for (const { synset, words } of entry.synsets) {
    const file = indexKeys.synset(entry.dataset, synset);
    const examples = parseIndexedExamples(await store.get(file), { file });
    for (const example of examples) {
      const format = formatOf(example);
      formats.set(format, add(formats.get(format) ?? NOTHING, { images: 1, bytes: example.size }));
    }
    const without = examples.filter((example) => !hasBoxes(example));
    const named = (some: readonly IndexedExample[]): string[] => some.map(({ name }) => `${synset}/${name}`);
    boxless.push(...named(without.slice(0, MOST_NAMES - boxless.length)));
    turned.push(...named(examples.filter(({ orientation }) => orientation !== undefined)));
    classes.push({ synset, words, images: examples.length, bytes: examples.reduce((sum, { size }) => sum + size, 0) });
    pictures.push({ synset, examples: [...examples.filter(hasBoxes), ...without].slice(0, candidates) });
  }
  const inOrder = [...formats].map(([format, amount]) => ({ format, ...amount }));
  return { classes, formats: inOrder.sort((a, b) => b.images - a.images), pictures, boxless, turned };
}

/** What TensorFlow reads as it is can only be a JPEG; the rest was looked at when it was repaired. */
function formatOf({ repairedFor, channels }: IndexedExample): string {
  return repairedFor ?? (channels === 1 ? 'a JPEG in grey' : 'a JPEG in colour');
}
