import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { isCodedError } from '@bluewaters/errors';
import { DEFAULT_LIMITS } from '@bluewaters/images';
import type { IngestResult } from '@bluewaters/messages';
import { indexKeys, parseIndexedExamples, type IndexedExample } from '@bluewaters/records';
import { DirectoryStore, MemoryStore, type ObjectStore } from '@bluewaters/storage';
import { makeTar, temporaryDirectory } from '@bluewaters/testing';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Remark } from './boxes/remark.js';
import { indexArchive } from './index.js';
import type { Refusal } from './refusal.js';
import type { IngestReport } from './report/report.js';

/** A folder with real and damaged archives; without it these tests are skipped. */
const data = process.env['BLUEWATERS_DATA'];
const damaged = join(data ?? '', 'damaged');

/** What a careful engineer would want of each archive: strictly, and where refusals are allowed. */
const ARCHIVES: readonly (readonly [name: string, strict: string, tolerant: string])[] = [
  ['good.tar', '16/0/0', '16/0/0'],
  ['truncated-outer.tar', 'ARCHIVE_TRUNCATED', '10/1/0'],
  ['truncated-inner.tar', 'ARCHIVE_TRUNCATED', '9/1/0'],
  ['no-end-blocks.tar', '16/0/0', '16/0/0'],
  ['bad-checksum.tar', 'ARCHIVE_INVALID', 'ARCHIVE_INVALID'],
  ['huge-size.tar', 'ARCHIVE_TRUNCATED', 'ARCHIVE_TRUNCATED'],
  ['empty.tar', 'ARCHIVE_EMPTY', 'ARCHIVE_EMPTY'],
  ['zero-byte.tar', 'ARCHIVE_EMPTY', 'ARCHIVE_EMPTY'],
  ['random.tar', 'ARCHIVE_INVALID', 'ARCHIVE_INVALID'],
  ['gzip-named.tar', '16/0/0', '16/0/0'],
  ['traversal.tar', 'ARCHIVE_INVALID', '1/5/0'],
  ['links.tar', 'ARCHIVE_INVALID', '1/7/0'],
  ['duplicates.tar', 'ARCHIVE_INVALID', '11/3/0'],
  ['not-synsets.tar', '16/0/0', '16/0/0'],
  ['misfiled.tar', 'ARCHIVE_INVALID', '4/1/0'],
  ['empty-synset.tar', '8/0/0', '8/0/0'],
  ['long-names.tar', '3/0/0', '3/0/0'],
  ['images.tar', 'IMAGE_INVALID', '12/10/6'],
];

/** By the number of `images/n02102040_N.JPEG`. */
const IMAGES: Readonly<Record<number, string>> = {
  1: 'accepted', // good
  2: 'IMAGE_INVALID', // cut at half its bytes
  3: 'IMAGE_INVALID', // cut in its tables
  4: 'IMAGE_INVALID', // text
  5: 'IMAGE_INVALID', // no bytes
  6: 'repaired', // PNG
  7: 'repaired', // CMYK
  8: 'repaired', // 16-bit PNG
  9: 'repaired', // animated GIF
  10: 'IMAGE_TOO_LARGE', // PNG of 900 million pixels
  11: 'IMAGE_TOO_LARGE', // claims 65500 x 65500
  12: 'IMAGE_INVALID', // claims 0 x 0
  13: 'IMAGE_INVALID', // garbage in its scan
  14: 'accepted', // junk after its end
  15: 'accepted', // grey
  16: 'accepted', // progressive
  17: 'accepted', // one pixel
  18: 'repaired', // RGBA PNG
  19: 'accepted', // EXIF orientation
  20: 'IMAGE_INVALID', // SOI and EOI alone
  21: 'repaired', // WebP
  22: 'IMAGE_INVALID', // BMP
};

/** By the number of an accepted or repaired picture, where it is not an upright JPEG: its format and EXIF orientation. */
const FORMATS: Readonly<Record<number, string>> = {
  6: 'png',
  8: 'png',
  9: 'gif',
  18: 'png',
  19: 'jpeg 6',
  21: 'webp',
};

/** By the number of `xml/n02102040_N.xml`: boxes and remarks, or the code of the refusal. */
const ANNOTATIONS: Readonly<Record<number, string>> = {
  1: '1', // good
  2: 'ANNOTATION_INVALID', // billion laughs
  3: 'ANNOTATION_INVALID', // external entity
  4: '1 clipped', // outside the picture
  5: '0 reversed',
  6: '0 empty', // no width
  7: '1 no-size', // size 0 x 0
  8: '1 no-size', // no size element
  9: '0 no-numbers', // no bndbox
  10: '0 no-numbers', // not integers
  11: '0 no-object',
  12: '2 reversed', // the second of three
  13: 'ANNOTATION_INVALID', // cut
  14: 'ANNOTATION_INVALID', // no bytes
  15: 'ANNOTATION_INVALID', // JSON
  16: '1 of n02084071', // object of another synset
  17: '1', // names a picture %s
  18: '1', // names a picture elsewhere
  19: '1', // the whole picture
  20: '1', // size differs from the picture
  21: 'ANNOTATION_INVALID', // 20,000 nested elements
  22: '1 no-synset', // a word for a name
};

/** Archives of annotations, beside good pictures: boxes/refusals, or the code. */
const ANNOTATION_ARCHIVES: readonly (readonly [name: string, strict: string, tolerant: string])[] = [
  ['Annotation-damaged.tar.gz', 'ANNOTATION_INVALID', '12/6'],
  ['Annotation-truncated.tar.gz', 'ARCHIVE_TRUNCATED', 'ARCHIVE_TRUNCATED'],
  ['Annotation-bad-crc.tar.gz', 'ARCHIVE_INVALID', 'ARCHIVE_INVALID'],
  ['Annotation-notgz.tar.gz', 'ARCHIVE_TRUNCATED', '0/1'],
  ['gzip-bomb.tar.gz', 'ARCHIVE_INVALID', '0/1'],
];

interface Given {
  /** By default a picture for each annotation. */
  readonly images?: string;
  readonly synsets?: readonly string[];
  readonly boxes?: string;
  readonly maxRefused?: number;
}

async function ingest(
  { images, synsets = ['n02102040'], boxes, maxRefused = 100 }: Given,
  store: ObjectStore,
): Promise<IngestResult> {
  await store.put('synsets.txt', synsets.join('\n'));
  const bytes = readFileSync(join(damaged, 'images/n02102040_1.JPEG'));
  const members = Object.keys(ANNOTATIONS).map((number) => ({ name: `n02102040_${number}.JPEG`, bytes }));
  await store.put('good.tar', makeTar([{ name: 'n02102040.tar', bytes: makeTar(members) }]));
  const request = {
    dataset: 'damaged',
    images: images === undefined ? { key: 'good.tar' } : { path: join(damaged, images) },
    synsets: { key: 'synsets.txt' },
    ...(boxes && { boxes: { path: join(damaged, boxes) } }),
    maxRefused,
    check: 'header' as const,
  };
  const { signal } = new AbortController();
  return indexArchive(request, { store, limits: DEFAULT_LIMITS, scratch: tmpdir(), signal, report: () => {} });
}

/** The result in words, or the code of the error; then there must be no index. */
async function outcome(given: Given, say: (result: IngestResult, store: ObjectStore) => string): Promise<string> {
  const store = new MemoryStore();
  try {
    const result = await ingest(given, store);
    const refusals = await lines<Refusal>(store, indexKeys.refused('damaged'));
    expect(refusals).toHaveLength(result.refused);
    return say(result, store);
  } catch (error) {
    expect(await store.stat(indexKeys.entry('damaged'))).toBeUndefined();
    if (!isCodedError(error)) throw error;
    expect(error.details.file).toContain(given.boxes ?? given.images ?? '');
    if (error.code !== 'ARCHIVE_EMPTY') expect(error.details.offset).toBeGreaterThanOrEqual(0);
    return error.code;
  }
}

async function lines<T>(store: ObjectStore, key: string): Promise<T[]> {
  const text = Buffer.from(await store.get(key)).toString();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

async function examples(store: ObjectStore): Promise<Map<string, IndexedExample>> {
  const bytes = await store.get(indexKeys.synset('damaged', 'n02102040'));
  return new Map(parseIndexedExamples(bytes, { file: 'x' }).map((example) => [example.name, example]));
}

/** Every file of a folder, and below. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe.skipIf(!data)('damaged input', { timeout: 10_000 }, () => {
  it('has a verdict for each of its files', () => {
    const judged = [
      ...[...ARCHIVES, ...ANNOTATION_ARCHIVES].map(([name]) => name),
      ...Object.keys(IMAGES).map((number) => `images/n02102040_${number}.JPEG`),
      ...Object.keys(ANNOTATIONS).map((number) => `xml/n02102040_${number}.xml`),
      'README.md',
    ];
    expect(judged.map((name) => join(damaged, name)).sort()).toEqual(filesIn(damaged).sort());
    expect(judged).toHaveLength(68);
  });

  it.each(ARCHIVES)('%s: %s, and %s where refusals are allowed', async (images, strict, tolerant) => {
    const synsets = images === 'images.tar' ? ['n02102040'] : ['n02084071', 'n02121620', 'n02430045'];
    const say = ({ examples, refused, repaired }: IngestResult): string => `${examples}/${refused}/${repaired}`;
    expect(await outcome({ images, synsets, maxRefused: 0 }, say)).toBe(strict);
    expect(await outcome({ images, synsets }, say)).toBe(tolerant);
  });

  it('of each picture is accepted, repaired, or refused by name', async () => {
    const store = new MemoryStore();
    await ingest({ images: 'images.tar' }, store);
    const refusals = await lines<Refusal>(store, indexKeys.refused('damaged'));
    const verdicts: Record<number, string> = {};
    for (const { file, code } of refusals) verdicts[numberOf(file)] = code;
    for (const { name, repaired } of (await examples(store)).values()) {
      verdicts[numberOf(name)] = repaired === undefined ? 'accepted' : 'repaired';
    }
    expect(verdicts).toEqual(IMAGES);
  });

  it('of each picture keeps what its bytes are, whatever its name says, and how EXIF says to turn it', async () => {
    const store = new MemoryStore();
    await ingest({ images: 'images.tar' }, store);
    const formats: Record<number, string> = {};
    for (const { name, format, orientation } of (await examples(store)).values()) {
      const found = [format, orientation].join(' ').trim();
      if (found !== 'jpeg') formats[numberOf(name)] = found;
    }
    expect(formats).toEqual(FORMATS);
    const report = JSON.parse(Buffer.from(await store.get(indexKeys.report('damaged'))).toString()) as IngestReport;
    expect(report.turned).toBe(1);
    const page = Buffer.from(await store.get(indexKeys.reportPage('damaged'))).toString();
    expect(page).toContain('To be turned, as their EXIF says, and taken as stored: 1.');
  });

  it('of each annotation gives boxes, remarks, or a refusal by name', async () => {
    const store = new MemoryStore();
    await ingest({ boxes: 'Annotation-damaged.tar.gz' }, store);
    const refusals = await lines<Refusal>(store, indexKeys.refused('damaged'));
    const verdicts: Record<number, string> = {};
    for (const { file, code } of refusals) verdicts[numberOf(file)] = code;
    const remarks = await lines<Remark>(store, indexKeys.boxes('damaged'));
    for (const { name, boxes } of (await examples(store)).values()) {
      const odd = remarks.filter(({ annotation }) => `${annotation}.JPEG` === `n02102040/${name}`);
      const others = (boxes ?? []).flatMap(({ synset }) => (synset === undefined ? [] : [`of ${synset}`]));
      // Nearly all of them name picture 1.
      const said = odd.map(({ remark }) => remark).filter((remark) => remark !== 'other-filename');
      if (boxes) verdicts[numberOf(name)] = [boxes.length, ...said, ...others].join(' ');
    }
    expect(verdicts).toEqual(ANNOTATIONS);
    const named = (number: number): boolean =>
      remarks.some(({ annotation, remark }) => annotation.endsWith(`_${number}`) && remark === 'other-filename');
    expect([1, 17, 18].map(named)).toEqual([false, true, true]);
  });

  it.each(ANNOTATION_ARCHIVES)('%s: %s, and %s where refusals are allowed', async (boxes, strict, tolerant) => {
    const say = (result: IngestResult): string => `${result.boxes}/${result.refused}`;
    expect(await outcome({ boxes, maxRefused: 0 }, say)).toBe(strict);
    expect(await outcome({ boxes }, say)).toBe(tolerant);
  });

  it('is written nowhere but in the store', async () => {
    const folder = await temporaryDirectory();
    for (const images of ['traversal.tar', 'links.tar']) {
      const store = new DirectoryStore(join(folder, 'a', 'b', images, 'store'));
      await ingest({ images, synsets: ['n02084071', 'n02121620'] }, store);
    }
    const written = filesIn(folder);
    expect(written.length).toBeGreaterThan(4);
    expect(written.filter((file) => !/\/store\/(?:indexes\/damaged\/|synsets\.txt$|good\.tar$)/u.test(file))).toEqual(
      [],
    );
  });

  it('takes less than 512 MB of memory, all of it in one process', () => {
    const program = fileURLToPath(new URL('hostile.fixture.mjs', import.meta.url));
    const output = execFileSync(process.execPath, [program, damaged], { encoding: 'utf8' });
    const { works, megabytes } = JSON.parse(output) as { works: number; megabytes: number };
    expect(works).toBe(ARCHIVES.length + ANNOTATION_ARCHIVES.length);
    expect(megabytes).toBeLessThan(512);
  });
});

function numberOf(file: string): number {
  return Number(/_(\d+)\.\w+$/u.exec(file)?.[1]);
}
