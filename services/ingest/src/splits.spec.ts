import { DEFAULT_LIMITS } from '@bluewaters/images';
import { InProcessBus, type IngestRequest, type IngestResult, type Progress } from '@bluewaters/messages';
import { indexKeys, indexName, parseIndexedExamples, parseIndexEntry, type IndexEntry } from '@bluewaters/records';
import { MemoryStore } from '@bluewaters/storage';
import { makeTar, syntheticArchive, temporaryDirectory, type SyntheticArchive } from '@bluewaters/testing';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { indexArchive, listIndexes, type IndexContext } from './index.js';
import type { IngestReport } from './report/report.js';
import { contents } from './spread/spread.fixture.js';
import { takeUnits } from './spread/take-units.js';

const [LATE, EARLY, OTHER] = ['n04065464', 'n01831360', 'n09999999'] as const;

let train: SyntheticArchive;
/** Five numbered pictures; the second is one of train. */
let validation: Buffer;
beforeAll(async () => {
  train = await syntheticArchive({ synsets: [LATE, EARLY], imagesPerSynset: 3 });
  const { images: fresh } = await syntheticArchive({ synsets: [LATE], imagesPerSynset: 4, seed: 100 });
  const pictures = [fresh[0]!, train.images[3]!, fresh[1]!, fresh[2]!, fresh[3]!];
  const numbered = pictures.map(({ bytes }, i) => ({ name: `ILSVRC2012_val_0000000${i + 1}.JPEG`, bytes }));
  validation = makeTar(numbered);
});

let store: MemoryStore;
beforeEach(async () => {
  store = await filled();
});

async function filled(): Promise<MemoryStore> {
  const files = new MemoryStore();
  await files.put('train.tar', train.archive);
  await files.put('val.tar', validation);
  await files.put('list.txt', `${LATE}\n${EARLY}\n`);
  await files.put('words.txt', `${LATE}\tlate\n${EARLY}\tearly\n`);
  // Numbers of an order that is neither the list's nor that of sorted synsets; the last is of no class of train.
  await files.put('truth.txt', '3\n1\n3\n1\n2\n');
  await files.put('order.txt', `1 ${EARLY}\n2 ${OTHER}\n3 ${LATE}\n`);
  return files;
}

const TRAIN: IngestRequest = {
  ...{ dataset: 'd', images: { key: 'train.tar' }, maxRefused: 0, check: 'header' },
  ...{ synsets: { key: 'list.txt' }, words: { key: 'words.txt' } },
};
const VALIDATION: IngestRequest = {
  ...{ dataset: 'd', split: 'validation', images: { key: 'val.tar' }, maxRefused: 0, check: 'header' },
  groundTruth: { truth: { key: 'truth.txt' }, order: { key: 'order.txt' } },
};

async function index(
  request: IngestRequest,
  to: MemoryStore = store,
  changes: Partial<IndexContext> = {},
): Promise<IngestResult> {
  const { signal } = new AbortController();
  const context = { store: to, limits: DEFAULT_LIMITS, scratch: await temporaryDirectory(), signal, report: () => {} };
  return indexArchive(request, { ...context, ...changes });
}

async function entryOf(split: 'train' | 'validation' | 'testing'): Promise<IndexEntry> {
  return parseIndexEntry(await store.get(indexKeys.entry(indexName('d', split))), { file: 'x' });
}

async function reportOf(name: string): Promise<IngestReport> {
  return JSON.parse(Buffer.from(await store.get(indexKeys.report(name))).toString()) as IngestReport;
}

const picture = (synset: string, number: number): string => `${synset}/ILSVRC2012_val_0000000${number}.JPEG`;

describe('splits of one dataset', () => {
  it('have the labels and words of train, whatever order the ground truth of another is in', async () => {
    await index(TRAIN);
    const result = await index(VALIDATION);
    expect(result).toMatchObject({ dataset: 'd', split: 'validation', examples: 4, synsets: 2 });
    const entry = await entryOf('validation');
    expect([entry.dataset, entry.split]).toEqual(['d', 'validation']);
    expect(entry.synsets.map(({ synset, label, words }) => [synset, label, words])).toEqual([
      [LATE, 1, 'late'],
      [EARLY, 2, 'early'],
    ]);
    for (const [synset, numbers] of [
      [LATE, [1, 3]],
      [EARLY, [2, 4]],
    ] as const) {
      const lines = await store.get(indexKeys.synset('d/validation', synset));
      const names = parseIndexedExamples(lines, { file: 'x' }).map(({ name }) => `${synset}/${name}`);
      expect(names).toEqual(numbers.map((number) => picture(synset, number)));
    }
    expect(await store.stat(indexKeys.labelMap('d/validation'))).toBeUndefined();
    const listed: IngestResult[] = [];
    for await (const each of listIndexes(store)) listed.push(each);
    expect(listed.map(({ split }) => split)).toEqual([undefined, 'validation']);
    expect(listed[1]).toEqual(result);
  });

  it('are covered by the report of the dataset, which names what several of them have', async () => {
    await index(TRAIN);
    expect(await reportOf('d')).not.toHaveProperty('splits');
    const told: Progress[] = [];
    await index(VALIDATION, store, { report: (progress) => void told.push(progress) });
    await index({ ...VALIDATION, split: 'testing', check: 'full' });
    const report = await reportOf('d');
    expect([report.images, report.split]).toEqual([6, undefined]);
    const counts = { images: 4, accepted: 4, repaired: 0, refused: 0, boxes: 0 };
    expect(report.splits).toEqual([
      { split: 'validation', check: 'header', ...counts, report: 'indexes/d/validation/report.json' },
      { split: 'testing', check: 'full', ...counts, report: 'indexes/d/testing/report.json' },
    ]);
    const inBoth = (name: string) => ({ validation: [name], testing: [name] });
    expect(report.shared).toEqual([
      inBoth(picture(LATE, 1)),
      inBoth(picture(LATE, 3)),
      { train: [`${EARLY}/${EARLY}_1.JPEG`], ...inBoth(picture(EARLY, 2)) },
      inBoth(picture(EARLY, 4)),
    ]);
    expect(told.at(-1)?.notices).toEqual([expect.stringMatching(/^1 pictures .* indexes\/d\/report\.json /u)]);
    const page = Buffer.from(await store.get(indexKeys.reportPage('d'))).toString();
    for (const said of ['validation/report.html', `train: ${EARLY}/${EARLY}_1.JPEG`]) expect(page).toContain(said);
    expect(await reportOf('d/validation')).toMatchObject({ dataset: 'd', split: 'validation', images: 4 });
  });

  it('have the same bytes whichever was indexed last, by one process or by workers', async () => {
    await index(TRAIN);
    await index(VALIDATION);
    const expected = await contents(store);
    await index(VALIDATION);
    await index(TRAIN);
    expect(await contents(store)).toEqual(expected);
    const [bus, other] = [new InProcessBus(), await filled()];
    const worker = await takeUnits({ bus, store: other, scratch: await temporaryDirectory(), limits: DEFAULT_LIMITS });
    const spread = { bus, person: undefined };
    await index(TRAIN, other, { spread });
    await index(VALIDATION, other, { spread });
    expect(await contents(other)).toEqual(expected);
    await worker.stop();
    await bus.close();
  });

  it('go on where they were stopped, and have no entry until then', async () => {
    await index(TRAIN);
    const stopping = new AbortController();
    const stopped = index(VALIDATION, store, { signal: stopping.signal, report: () => stopping.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await store.stat(indexKeys.entry('d/validation'))).toBeUndefined();
    expect(await index(VALIDATION)).toMatchObject({ examples: 4 });
  });

  it('leave one out of the report of the dataset whose labels are those of before', async () => {
    await index(TRAIN);
    await index(VALIDATION);
    await store.put('list.txt', `${EARLY}\n${LATE}\n`);
    await index(TRAIN);
    expect(await reportOf('d')).not.toHaveProperty('splits');
    await index(VALIDATION);
    expect((await entryOf('validation')).synsets.map(({ synset }) => synset)).toEqual([EARLY, LATE]);
    expect((await reportOf('d')).splits).toHaveLength(1);
  });
});

describe('a split that cannot be of the dataset', () => {
  it('is refused before train is there, and with classes of its own', async () => {
    await expect(index(VALIDATION)).rejects.toMatchObject({
      code: 'INDEX_INVALID',
      details: { file: 'indexes/d/index.json', got: 'nothing' },
    });
    await index(TRAIN);
    for (const field of ['synsets', 'words', 'wordnet'] as const) {
      const own = index({ ...VALIDATION, [field]: { key: 'list.txt' } });
      await expect(own).rejects.toMatchObject({ code: 'CONFIG_INVALID', details: { field } });
    }
  });

  it('is refused with numbers of which nothing says what they mean', async () => {
    await index(TRAIN);
    const numbers = index({ ...VALIDATION, groundTruth: { truth: { key: 'truth.txt' } } });
    await expect(numbers).rejects.toMatchObject({ code: 'SYNSET_INVALID', details: { field: 'line 1', got: '3' } });
    await store.put('order.txt', `1 ${EARLY}\n2 ${OTHER}\n`);
    await expect(index(VALIDATION)).rejects.toMatchObject({ code: 'SYNSET_INVALID', details: { file: 'truth.txt' } });
  });

  it('is refused when its ground truth ends before its pictures do, or goes on without those that may be left out', async () => {
    await index(TRAIN);
    await store.put('truth.txt', '3\n1\n3\n1\n');
    const short = index(VALIDATION);
    await expect(short).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      message: expect.stringContaining('ground truth') as unknown,
      details: { file: 'val.tar/ILSVRC2012_val_00000005.JPEG' },
    });
    expect(await index({ ...VALIDATION, maxRefused: 1 })).toMatchObject({ examples: 4, refused: 1 });
  });
});
