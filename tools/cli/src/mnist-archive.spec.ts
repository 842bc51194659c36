import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '@bluewaters/images';
import { indexArchive } from '@bluewaters/ingest';
import { parseImageList } from '@bluewaters/records';
import { MemoryStore } from '@bluewaters/storage';
import { writeMnistArchive } from './mnist-archive.js';
import { DIGIT_CLASSES, loadMnist, type MnistDigits } from './mnist-digits.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bluewaters-mnist-'));
});
afterEach(() => rm(folder, { recursive: true }));

const mnist = await loadMnist();
const few = (): Promise<MnistDigits> =>
  Promise.resolve({ train: mnist.train.slice(0, 60), heldOut: mnist.heldOut.slice(0, 20) });

/** Offsets of zero, one, … nine in WordNet 3.0's `data.noun`, as its `index.noun` has them. */
const WORDNET_IDS = [
  'n13742358',
  'n13742573',
  'n13743269',
  'n13744044',
  'n13744304',
  'n13744521',
  'n13744722',
  'n13744916',
  'n13745086',
  'n13745270',
];

it('names the digits by their ids in WordNet 3.0', () => {
  expect(DIGIT_CLASSES.map(({ synset }) => synset)).toEqual(WORDNET_IDS);
});

describe('the MNIST archive', () => {
  it('takes all 70,000 digits out of the package, with labels that fit', () => {
    expect([mnist.train.length, mnist.heldOut.length]).toEqual([60_000, 10_000]);
    expect(mnist.train.slice(0, 5).map(({ label }) => label)).toEqual([5, 0, 4, 1, 9]);
    expect(mnist.heldOut.slice(0, 5).map(({ label }) => label)).toEqual([7, 2, 1, 0, 4]);
  });

  it('is read by ingest like any other archive: label is the digit + 1, the held-out digits are listed', async () => {
    const archive = await writeMnistArchive(folder, {}, few);
    const store = new MemoryStore();
    const { signal } = new AbortController();
    const result = await indexArchive(
      {
        dataset: 'mnist',
        images: { path: archive.images },
        synsets: { path: archive.synsets },
        words: { path: archive.words },
        maxRefused: 0,
        check: 'header',
      },
      { store, limits: DEFAULT_LIMITS, scratch: folder, signal, report: () => {} },
    );
    expect(result).toMatchObject({ examples: 80, synsets: 10, refused: 0, repaired: 0 });
    const entry = JSON.parse(Buffer.from(await store.get(result.indexKey)).toString()) as { synsets: object[] };
    expect(entry.synsets).toEqual(
      DIGIT_CLASSES.map((each, digit) => expect.objectContaining({ ...each, label: digit + 1 })),
    );
    for (const { synset } of DIGIT_CLASSES) {
      const lines = Buffer.from(await store.get(`indexes/mnist/synsets/${synset}.jsonl`)).toString();
      const names = lines
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { name?: string }).name);
      expect(names.filter((name) => !new RegExp(`^${synset}_\\d+\\.JPEG$`, 'u').test(name ?? ''))).toEqual([]);
    }
    expect(parseImageList(await readFile(archive.validation, 'utf8'), { file: 'x' }).size).toBe(20);
  });

  it('has the same bytes each time, and is written again only when it is not complete', async () => {
    const archive = await writeMnistArchive(folder, {}, few);
    const first = await readFile(archive.images);
    const before = (await stat(archive.images)).ino;
    await writeMnistArchive(folder, {}, () => Promise.reject(new Error('not needed')));
    expect((await stat(archive.images)).ino).toBe(before);
    await truncate(archive.images, 1000);
    await writeMnistArchive(folder, {}, few);
    expect((await readFile(archive.images)).equals(first)).toBe(true);
  });

  it.each(['bluewaters.mnist-archive.v2', 'bluewaters.mnist-archive.v0', undefined])(
    'is written again where another version left one, such as %s',
    async (format) => {
      const archive = await writeMnistArchive(folder, {}, few);
      const marker = join(folder, 'complete.json');
      const own = await readFile(marker, 'utf8');
      await writeFile(marker, JSON.stringify({ ...(JSON.parse(own) as object), format }));
      await writeFile(archive.words, 'others');
      await writeMnistArchive(folder, {}, few);
      expect(await readFile(archive.words, 'utf8')).not.toBe('others');
      expect(await readFile(marker, 'utf8')).toBe(own);
    },
  );

  it('leaves no archive when it is interrupted, and a later call completes it', async () => {
    const abort = new AbortController();
    const onProgress = (done: number): void => (done === 30 ? abort.abort() : undefined);
    await expect(writeMnistArchive(folder, { onProgress, signal: abort.signal }, few)).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    expect(await readdir(folder)).not.toContain('Images.tar');
    const archive = await writeMnistArchive(folder, {}, few);
    expect((await stat(archive.images)).size % 512).toBe(0);
    expect((await readdir(folder)).sort()).toEqual([
      'Images.tar',
      'complete.json',
      'synsets.txt',
      'validation_files.txt',
      'words.txt',
    ]);
  });
});
