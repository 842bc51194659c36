import { DEFAULT_LIMITS } from '@bluewaters/images';
import type { IngestRequest } from '@bluewaters/messages';
import { indexKeys, parseIndexedExamples, parseIndexEntry } from '@bluewaters/records';
import { MemoryStore } from '@bluewaters/storage';
import { makeTar, syntheticArchive, temporaryDirectory, type SyntheticArchive } from '@bluewaters/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Remark } from './boxes/remark.js';
import { indexArchive } from './index.js';
import type { IngestReport } from './report/report.js';

const [LATE, EARLY] = ['n04065464', 'n01831360'] as const;

let archive: SyntheticArchive;
let flat: Buffer;
beforeAll(async () => {
  archive = await syntheticArchive({ synsets: [LATE, EARLY], imagesPerSynset: 3 });
  const numbered = archive.images.map(({ bytes }, i) => ({ name: `ILSVRC2012_val_0000000${i + 1}.JPEG`, bytes }));
  flat = makeTar([...numbered, { name: 'readme.txt', bytes: Buffer.from('hello') }]);
});

function annotation(share: number): Buffer {
  const ends = `<xmin>0</xmin><ymin>0</ymin><xmax>${share}</xmax><ymax>100</ymax>`;
  const object = `<object><name>${LATE}</name><bndbox>${ends}</bndbox></object>`;
  return Buffer.from(`<annotation><size><width>100</width><height>100</height></size>${object}</annotation>`);
}

async function text(store: MemoryStore, key: string): Promise<string> {
  return Buffer.from(await store.get(key)).toString();
}

/** Indexes with lists of the names given, and gives synsets with their labels and the names of their pictures. */
async function ingest(store: MemoryStore, request: Partial<IngestRequest>) {
  await store.put('images.tar', archive.archive);
  await store.put('flat.tar', flat);
  const { signal } = new AbortController();
  const context = { store, limits: DEFAULT_LIMITS, scratch: await temporaryDirectory(), signal, report: () => {} };
  const defaults = { dataset: 'd', images: { key: 'images.tar' }, maxRefused: 0, check: 'header' } as const;
  const full: IngestRequest = { ...defaults, ...request };
  await indexArchive(full, context);
  const entry = parseIndexEntry(await store.get(indexKeys.entry(full.dataset)), { file: 'x' });
  const found: Record<string, readonly [label: number, names: readonly string[]]> = {};
  for (const { synset, label } of entry.synsets) {
    const lines = parseIndexedExamples(await store.get(indexKeys.synset(full.dataset, synset)), { file: 'x' });
    found[synset] = [label, lines.map(({ name, boxes }) => [name, ...(boxes ?? []).map(({ xmax }) => xmax)].join(' '))];
  }
  return found;
}

const names = (synset: string): string[] => [1, 2, 3].map((n) => `${synset}_${n}.JPEG`);
const numbered = (...numbers: readonly number[]): string[] => numbers.map((n) => `ILSVRC2012_val_0000000${n}.JPEG`);

describe('what is taken', () => {
  it('is everything, with labels in the order of sorted synsets, where there is no list; the map serves another archive', async () => {
    const store = new MemoryStore();
    expect(await ingest(store, {})).toEqual({ [EARLY]: [1, names(EARLY)], [LATE]: [2, names(LATE)] });
    expect(await text(store, indexKeys.labelMap('d'))).toBe(`${EARLY}\n${LATE}\n`);
    await store.put('own.txt', `${LATE}\n${EARLY}\n`);
    const own = await ingest(store, { synsets: { key: 'own.txt' } });
    expect(own).toEqual({ [LATE]: [1, names(LATE)], [EARLY]: [2, names(EARLY)] });
    const { archive: testing } = await syntheticArchive({ synsets: [EARLY], imagesPerSynset: 1 });
    await store.put('testing.tar', testing);
    const map = { key: indexKeys.labelMap('d') };
    const found = await ingest(store, { dataset: 'testing', images: { key: 'testing.tar' }, synsets: map });
    expect(found).toEqual({ [LATE]: [1, []], [EARLY]: [2, [`${EARLY}_1.JPEG`]] });
  });

  it('is what a list of images names, with boxes from the archive of its first column; what is missing is told', async () => {
    const store = new MemoryStore();
    const lines = [`${EARLY} ${LATE}_1`, `${LATE} ${LATE}_3`, `${LATE} ${LATE}_77`];
    await store.put('images.txt', lines.join('\n'));
    const inner = (share: number): Buffer => makeTar([{ name: `${LATE}_1.xml`, bytes: annotation(share) }]);
    const annotations = [
      { name: `Annotation/${LATE}.tar`, bytes: inner(75) },
      { name: `Annotation/${EARLY}.tar`, bytes: inner(25) },
    ];
    await store.put('boxes.tar', makeTar(annotations));
    const request = { imageList: { key: 'images.txt' }, boxes: { key: 'boxes.tar' } };
    const expected = { [LATE]: [1, [`${LATE}_1.JPEG 0.25`, `${LATE}_3.JPEG`]] };
    for (const attempt of ['first', 'again']) {
      expect([attempt, await ingest(store, request)]).toEqual([attempt, expected]);
      const remarks = (await text(store, indexKeys.boxes('d'))).trim().split('\n');
      expect(remarks.map((line) => JSON.parse(line) as Remark)).toEqual([
        { annotation: `${LATE}/${LATE}_3`, remark: 'listed-missing' },
      ]);
      const report = JSON.parse(await text(store, indexKeys.report('d'))) as IngestReport;
      expect(report.missing).toEqual([`${LATE}/${LATE}_77`]);
    }
    await store.put('synsets.txt', `${EARLY}\n`);
    const contradiction = ingest(store, { ...request, synsets: { key: 'synsets.txt' } });
    await expect(contradiction).rejects.toMatchObject({ code: 'SYNSET_INVALID', details: { got: LATE } });
  });

  it('of a flat tar is sorted by its ground truth, the same by synsets as by numbers of their order', async () => {
    const store = new MemoryStore();
    await store.put('truth.txt', [LATE, EARLY, LATE, LATE, EARLY, 'n00000001'].join('\n'));
    await store.put('synsets.txt', `${EARLY}\n${LATE}\n`);
    const truth = { images: { key: 'flat.tar' }, synsets: { key: 'synsets.txt' } };
    const found = await ingest(store, { ...truth, groundTruth: { truth: { key: 'truth.txt' } } });
    expect(found).toEqual({ [EARLY]: [1, numbered(2, 5)], [LATE]: [2, numbered(1, 3, 4)] });
    await store.put('numbers.txt', '1\n3\n1\n1\n3\n2\n');
    await store.put('order.txt', `${LATE} 1 car_wheel\nn00000001 2 entity\n${EARLY} 3 bird\n`);
    const groundTruth = { truth: { key: 'numbers.txt' }, order: { key: 'order.txt' } };
    expect(await ingest(store, { ...truth, groundTruth })).toEqual(found);
    const unordered = ingest(store, { ...truth, groundTruth: { truth: { key: 'numbers.txt' } } });
    await expect(unordered).rejects.toMatchObject({ code: 'SYNSET_INVALID', details: { file: 'numbers.txt' } });
  });
});
