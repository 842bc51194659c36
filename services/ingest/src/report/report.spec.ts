import { DEFAULT_LIMITS, encodeJpeg, encodePng } from '@bluewaters/images';
import { indexKeys } from '@bluewaters/records';
import { MemoryStore } from '@bluewaters/storage';
import { makeTar, temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { indexArchive } from '../index.js';
import type { IngestReport } from './report.js';

const NOISE = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 2654435761) >>> 24);

async function picture(side: number, channels: 1 | 3 = 3): Promise<Uint8Array> {
  return encodeJpeg(NOISE.slice(0, side * side * channels), { width: side, height: side, channels, quality: 90 });
}

/** Two pictures of one synset, three of another: one twice, one grey, one a PNG; and one whose scan ends too early. */
async function filledStore(): Promise<MemoryStore> {
  const [small, grey, large] = [await picture(20), await picture(40, 1), await picture(64)];
  const png = await encodePng(NOISE.slice(0, 40 * 40 * 3), { width: 40, height: 40, channels: 3 });
  const short = Buffer.concat([large.subarray(0, large.length / 2), Buffer.from([0xff, 0xd9])]);
  const member = (synset: string, number: number, bytes: Uint8Array) => ({ name: `${synset}_${number}.JPEG`, bytes });
  const first = [member('n00000001', 1, small), member('n00000001', 2, grey), member('n00000001', 9, short)];
  const second = [member('n00000002', 1, large), member('n00000002', 2, png), member('n00000002', 3, small)];
  const store = new MemoryStore();
  const tars = [
    { name: 'n00000001.tar', bytes: makeTar(first) },
    { name: 'n00000002.tar', bytes: makeTar(second) },
  ];
  await store.put('images.tar', makeTar(tars));
  await store.put('synsets.txt', 'n00000001\nn00000002\n');
  await store.put('words.txt', 'n00000001\t<b>bold</b>\n');
  await store.put('boxes.csv', 'n00000001_1.JPEG,0,0,1,1\nn00000001_1.JPEG,0,0,0.5,1\nn00000002_2.JPEG,0,0,1,1\n');
  return store;
}

async function reportOf(store: MemoryStore, check: 'header' | 'full'): Promise<IngestReport> {
  const request = {
    dataset: 'd',
    images: { key: 'images.tar' },
    synsets: { key: 'synsets.txt' },
    words: { key: 'words.txt' },
    boxes: { key: 'boxes.csv' },
    maxRefused: 1,
    check,
  };
  const { signal } = new AbortController();
  const context = { store, limits: DEFAULT_LIMITS, scratch: await temporaryDirectory(), signal, report: () => {} };
  await indexArchive(request, context);
  return JSON.parse(Buffer.from(await store.get(indexKeys.report('d'))).toString()) as IngestReport;
}

describe('the report of an index', () => {
  it('says what became of every image, and that only a full check sees a scan that ends too early', async () => {
    const store = await filledStore();
    const header = await reportOf(store, 'header');
    expect(header).toMatchObject({ images: 6, accepted: 5, repaired: 1, refused: 0 });
    const full = await reportOf(store, 'full');
    expect(full).toMatchObject({ images: 6, accepted: 4, repaired: 1, refused: 1, grey: 1, colour: 4 });
    expect(full.repairs).toEqual([{ synset: 'n00000002', name: 'n00000002_2.JPEG', reason: 'a PNG' }]);
    expect(full.refusals.map(({ file, code }) => [file, code])).toEqual([
      ['images.tar/n00000001.tar/n00000001_9.JPEG', 'IMAGE_INVALID'],
    ]);
    expect(full.duplicates).toEqual([['n00000001/n00000001_1.JPEG', 'n00000002/n00000002_3.JPEG']]);
    expect(full.synsets.map(({ synset, images, boxes }) => [synset, images, boxes])).toEqual([
      ['n00000001', 2, 2],
      ['n00000002', 3, 1],
    ]);
    expect(full.sizes).toEqual([
      { from: 1, to: 32, images: 2 },
      { from: 32, to: 64, images: 2 },
      { from: 64, to: 128, images: 1 },
    ]);
    expect(full.boxesPerImage).toMatchObject({ count: 2, minimum: 1, maximum: 2, mean: 1.5, variance: 0.5 });
  });

  it('is a page, too, in which no name is markup', async () => {
    const store = await filledStore();
    await reportOf(store, 'full');
    const page = Buffer.from(await store.get(indexKeys.reportPage('d'))).toString();
    expect(page).toContain('&lt;b&gt;bold&lt;/b&gt;');
    expect(page).not.toContain('<b>');
    for (const said of ['d: 6 images', 'n00000001_9.JPEG', 'a PNG', 'kurtosis']) expect(page).toContain(said);
  });
});
