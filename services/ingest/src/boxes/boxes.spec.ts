import { gzipSync } from 'node:zlib';
import { DEFAULT_LIMITS } from '@bluewaters/images';
import type { IngestRequest } from '@bluewaters/messages';
import { indexKeys, parseIndexedExamples, parseIndexEntry, type IndexEntry } from '@bluewaters/records';
import { MemoryStore } from '@bluewaters/storage';
import { makeTar, syntheticArchive, temporaryDirectory, type TarMember } from '@bluewaters/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { indexArchive } from '../index.js';
import { Tolerance } from '../refusal.js';
import { readBoxes } from './read-boxes.js';
import type { Remark } from './remark.js';

const [FIRST, SECOND] = ['n01440764', 'n01443537'] as const;

interface Written {
  readonly name?: string;
  /** In pixels of a picture of 200 by 100. */
  readonly box?: readonly [number, number, number, number];
}

function xml(...objects: readonly Written[]): Buffer {
  const parts = objects.map(({ name = FIRST, box = [20, 10, 100, 50] }) => {
    const [xmin, ymin, xmax, ymax] = box;
    const ends = `<xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax>`;
    return `<object><name>${name}</name><bndbox>${ends}</bndbox></object>`;
  });
  return Buffer.from(`<annotation><size><width>200</width><height>100</height></size>${parts.join('')}</annotation>`);
}

const SHARES = { xmin: 0.1, ymin: 0.1, xmax: 0.5, ymax: 0.5 };
/** Boxes for two pictures of the first synset, one of another class of the list, and one without a picture. */
const FILES: Readonly<Record<string, readonly TarMember[]>> = {
  [FIRST]: [
    { name: `${FIRST}_1.xml`, bytes: xml({}, { name: SECOND, box: [0, 0, 200, 100] }) },
    { name: `${FIRST}_3.xml`, bytes: xml({ name: 'n00000099' }, { name: 'tench' }) },
    { name: `${FIRST}_77.xml`, bytes: xml({}) },
  ],
  [SECOND]: [{ name: `${FIRST}_2.xml`, bytes: xml({}) }],
};

/** The ways in which the same annotations come. */
function inForm(form: string): Buffer {
  const synsets = Object.entries(FILES);
  const within = (prefix: string, members: readonly TarMember[]): Buffer =>
    makeTar(members.map(({ name, bytes }) => ({ name: `${prefix}${name}`, bytes })));
  switch (form) {
    case 'nX.tar.gz':
      return gzipSync(
        makeTar(synsets.map(([s, files]) => ({ name: `${s}.tar.gz`, bytes: gzipSync(within('', files)) }))),
      );
    case 'Annotation/nX.tar.gz':
      return gzipSync(
        makeTar(
          synsets.map(([s, files]) => {
            return { name: `Annotation/${s}.tar.gz`, bytes: gzipSync(within(`Annotation/${s}/`, files)) };
          }),
        ),
      );
    case 'plain tars':
      return makeTar(synsets.map(([s, files]) => ({ name: `${s}.tar`, bytes: within('', files) })));
    default:
      return within(
        'val/',
        synsets.flatMap(([, files]) => files),
      );
  }
}

let images: Buffer;
beforeAll(async () => {
  images = (await syntheticArchive({ synsets: [FIRST, SECOND], imagesPerSynset: 3 })).archive;
});

async function ingest(boxes: Uint8Array, store = new MemoryStore()) {
  await store.put('images.tar', images);
  await store.put('synsets.txt', `${SECOND}\n${FIRST}\n`);
  await store.put('boxes', boxes);
  const request: IngestRequest = {
    dataset: 'd',
    images: { key: 'images.tar' },
    synsets: { key: 'synsets.txt' },
    boxes: { key: 'boxes' },
    maxRefused: 0,
    check: 'header',
  };
  const { signal } = new AbortController();
  const context = { store, limits: DEFAULT_LIMITS, scratch: await temporaryDirectory(), signal, report: () => {} };
  const result = await indexArchive(request, context);
  const lines = parseIndexedExamples(await store.get(indexKeys.synset('d', FIRST)), { file: 'x' });
  const remarks = Buffer.from(await store.get(indexKeys.boxes('d')))
    .toString()
    .split('\n')
    .filter(Boolean);
  return {
    result,
    boxes: lines.map((line) => line.boxes),
    remarks: remarks.map((line) => JSON.parse(line) as Remark),
    entry: parseIndexEntry(await store.get(indexKeys.entry('d')), { file: 'x' }),
  };
}

const COUNTS: IndexEntry['boxes'] = {
  annotations: 4,
  boxes: 5,
  images: 3,
  imagesWithout: 3,
  withoutImage: 1,
  remarks: 2,
};

describe('boxes', () => {
  it.each(['nX.tar.gz', 'Annotation/nX.tar.gz', 'plain tars', 'one flat tar'])(
    'of annotations as %s are joined by image id, carry their own class, and what does not fit is told',
    async (form) => {
      const { boxes, remarks, entry, result } = await ingest(inForm(form));
      expect(boxes).toEqual([
        [SHARES, { xmin: 0, ymin: 0, xmax: 1, ymax: 1, synset: SECOND }],
        [SHARES],
        [{ ...SHARES, synset: 'n00000099' }, SHARES],
      ]);
      const name = (id: number): string => (form === 'one flat tar' ? `${FIRST}_${id}` : `${FIRST}/${FIRST}_${id}`);
      expect(remarks).toEqual([
        { annotation: name(3), object: 2, remark: 'no-synset' },
        { annotation: name(77), remark: 'without-image' },
      ]);
      expect(entry.boxes).toEqual(COUNTS);
      expect(result.boxes).toBe(5);
    },
  );

  it('of a CSV are the same as of XML', async () => {
    const lines = [`${FIRST}_1.JPEG,0.1000,0.1000,0.5000,0.5000`, `${FIRST}_77.JPEG,0,0,1,1`];
    const csv = [...lines, `${FIRST}_1.JPEG,-0.2,0.0,1.0,1.0`, 'n00000099_1.JPEG,0,0,1,1', ''].join('\r\n');
    const { boxes, remarks } = await ingest(Buffer.from(csv));
    expect(boxes).toEqual([[SHARES, { xmin: 0, ymin: 0, xmax: 1, ymax: 1 }], undefined, undefined]);
    expect(remarks).toEqual([
      { annotation: `${FIRST}_1`, object: 2, remark: 'clipped' },
      { annotation: `${FIRST}_77`, remark: 'without-image' },
    ]);
  });

  it.each(['n01440764_1.JPEG,0.1,0.2,0.3', 'folder/n01440764_1.JPEG,0,0,1,1', 'n01440764_1.JPEG,a,b,c,d', '<html>'])(
    'of the line "%s" are refused by file and line',
    async (line) => {
      await expect(ingest(Buffer.from(`n01440764_2.JPEG,0,0,1,1\n${line}\n`))).rejects.toMatchObject({
        code: 'ANNOTATION_INVALID',
        details: { file: 'boxes', offset: 25 },
      });
    },
  );

  it('of a synset whose archive has no byte are none, and of one that has a single byte refused by name', async () => {
    const archive = (bytes: Buffer): Buffer => makeTar([{ name: `${FIRST}.tar`, bytes }]);
    expect((await ingest(archive(Buffer.alloc(0)))).boxes).toEqual([undefined, undefined, undefined]);
    await expect(ingest(archive(Buffer.of(0x1f)))).rejects.toMatchObject({
      code: 'ARCHIVE_TRUNCATED',
      details: { file: expect.stringContaining(`${FIRST}.tar`) },
    });
  });

  it('of a CSV of nothing but faults are read no further than the first that is too many', async () => {
    const store = new MemoryStore();
    await store.put('boxes', 'fault\n'.repeat(1_000));
    const tolerance = new Tolerance(2);
    const { signal } = new AbortController();
    const context = { store, scratch: '', signal, report: () => {}, listed: new Set([FIRST]), tolerance };
    await expect(readBoxes({ key: 'boxes' }, context)).rejects.toMatchObject({
      details: { file: 'boxes', offset: 12 },
    });
    expect(tolerance.refused).toHaveLength(3);
  });

  it('are the same when the pictures were indexed before, and others when the annotations are', async () => {
    const store = new MemoryStore();
    const first = await ingest(inForm('nX.tar.gz'), store);
    await store.delete(indexKeys.entry('d'));
    expect(await ingest(inForm('nX.tar.gz'), store)).toEqual(first);
    const other = makeTar([{ name: `${FIRST}_1.xml`, bytes: xml({ box: [0, 0, 100, 100] }) }]);
    expect((await ingest(other, store)).boxes[0]).toEqual([{ xmin: 0, ymin: 0, xmax: 0.5, ymax: 1 }]);
  });
});
