import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError, toCodedError } from '@bluewaters/errors';
import { encodeJpeg } from '@bluewaters/images';
import { DIGIT_CLASSES, DIGIT_SIDE, loadMnist, type Digit, type MnistDigits } from './mnist-digits.js';
import { encodeEntry, encodeTar, type TarEntry } from './tar-writer.js';

/** Changes when the files would be others: what an older version left is then written again. */
const FORMAT = 'bluewaters.mnist-archive.v1';
const QUALITY = 95;
const ENCODES_AT_A_TIME = 64;

/** Where the files of the archive are, absolute or as `directory` was given. */
export interface MnistArchive {
  /** `Images.tar`: a tar a digit, as ImageNet ships. */
  readonly images: string;
  /** `synsets.txt`: zero, one, …, so that a digit's label is the digit + 1. */
  readonly synsets: string;
  /** `words.txt`. */
  readonly words: string;
  /** `validation_files.txt`: the 10,000 held-out digits, `<synset> <image id>` a line. */
  readonly validation: string;
}

/** How the writing is watched and stopped. */
export interface MnistArchiveOptions {
  /** Told images done, and their total. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Writes the complete MNIST as an ImageNet-style archive: in each synset's tar the training digits and after them the
 * held-out ones, `<synset>_<n>.JPEG`. The same bytes each time. An archive that is complete is left as it is; one that was
 * interrupted is started over.
 *
 * @param load Where the digits come from.
 * @throws {CodedError} INTERRUPTED by the signal; STORE_FULL and the like for `directory`.
 */
export async function writeMnistArchive(
  directory: string,
  options: MnistArchiveOptions = {},
  load: () => Promise<MnistDigits> = loadMnist,
): Promise<MnistArchive> {
  const archive: MnistArchive = {
    images: join(directory, 'Images.tar'),
    synsets: join(directory, 'synsets.txt'),
    words: join(directory, 'words.txt'),
    validation: join(directory, 'validation_files.txt'),
  };
  const marker = join(directory, 'complete.json');
  try {
    if (await isComplete(archive, marker)) return archive;
    await mkdir(directory, { recursive: true });
    await rm(marker, { force: true });
    const size = await writeFiles(archive, await load(), options);
    await writeWhole(marker, JSON.stringify({ format: FORMAT, size }));
    return archive;
  } catch (error) {
    throw toCodedError(error);
  }
}

/** The marker is written last, so that its presence vouches for the rest. */
async function isComplete(archive: MnistArchive, marker: string): Promise<boolean> {
  try {
    const { format, size } = JSON.parse(await readFile(marker, 'utf8')) as { format?: unknown; size?: unknown };
    const [images] = await Promise.all(Object.values(archive).map((path: string) => stat(path)));
    return format === FORMAT && size === images?.size;
  } catch {
    return false;
  }
}

/** @returns bytes of `Images.tar`. */
async function writeFiles(
  archive: MnistArchive,
  { train, heldOut }: MnistDigits,
  options: MnistArchiveOptions,
): Promise<number> {
  const classes = DIGIT_CLASSES.map(({ synset, words }, digit) => {
    const ofDigit = ({ label }: Digit): boolean => label === digit;
    const trained = train.filter(ofDigit);
    return { synset, words, firstHeldOut: trained.length, digits: [...trained, ...heldOut.filter(ofDigit)] };
  });
  await writeWhole(archive.synsets, classes.map(({ synset }) => `${synset}\n`).join(''));
  await writeWhole(archive.words, classes.map(({ synset, words }) => `${synset}\t${words}\n`).join(''));
  const listed = classes.flatMap(({ synset, firstHeldOut, digits }) =>
    digits.slice(firstHeldOut).map((_, i) => `${synset} ${synset}_${firstHeldOut + i}\n`),
  );
  await writeWhole(archive.validation, listed.join(''));
  return writeImages(archive.images, classes, options);
}

async function writeImages(
  path: string,
  classes: readonly { readonly synset: string; readonly digits: readonly Digit[] }[],
  { onProgress, signal }: MnistArchiveOptions,
): Promise<number> {
  const total = classes.reduce((sum, { digits }) => sum + digits.length, 0);
  let done = 0;
  const partial = `${path}.partial`;
  await using file = await open(partial, 'w');
  for (const { synset, digits } of classes) {
    const entries = await encodeDigits(synset, digits, () => {
      if (signal?.aborted) throw new CodedError('INTERRUPTED', 'Writing the MNIST archive was stopped');
      onProgress?.(++done, total);
    });
    await file.appendFile(Buffer.concat(encodeEntry({ name: `${synset}.tar`, bytes: encodeTar(entries) })));
  }
  await file.appendFile(Buffer.alloc(1024));
  await file.sync();
  const { size } = await file.stat();
  await rename(partial, path);
  return size;
}

/** JPEGs in the order of the digits, several in work at a time. */
async function encodeDigits(synset: string, digits: readonly Digit[], onImage: () => void): Promise<TarEntry[]> {
  const entries = new Array<TarEntry>(digits.length);
  let next = 0;
  const encodeOnes = async (): Promise<void> => {
    for (let i = next++; i < digits.length; i = next++) {
      const layout = { width: DIGIT_SIDE, height: DIGIT_SIDE, channels: 1, quality: QUALITY } as const;
      entries[i] = { name: `${synset}_${i}.JPEG`, bytes: await encodeJpeg(digits[i]!.pixels, layout) };
      onImage();
    }
  };
  await Promise.all(Array.from({ length: ENCODES_AT_A_TIME }, encodeOnes));
  return entries;
}

/** Written beside and renamed: the file is whole or not there. */
async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.partial`, text);
  await rename(`${path}.partial`, path);
}
