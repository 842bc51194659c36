import { CodedError } from '@bluewaters/errors';
import type { BuildRequest, Progress } from '@bluewaters/messages';
import {
  datasetKeys,
  decodeImageExample,
  decodeOffsets,
  encodeIndexedExamples,
  encodeIndexEntry,
  indexKeys,
  parseManifest,
  readRecords,
} from '@bluewaters/records';
import { DirectoryStore, MemoryStore, type ObjectStore } from '@bluewaters/storage';
import { temporaryDirectory } from '@bluewaters/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { buildShards, listDatasets, verifyDataset, type BuildContext } from './index.js';
import {
  archive,
  BOXED_IMAGE,
  ENDS,
  exampleOf,
  members,
  repaired,
  REPAIRED_IMAGE,
  sha256,
  synsetOf,
} from './members.fixture.js';

/** Four classes of ten images, the third without words of its own; a fifth class has none. */
async function fill<T extends ObjectStore>(store: T): Promise<T> {
  await store.put('Images.tar', archive);
  await store.put(indexKeys.repaired('small', sha256(members[REPAIRED_IMAGE]!)), repaired);
  await store.put('held-out.txt', 'n00000001 n00000001_0\nn00000002 n00000002_5\nn00000009 n00000009_1\n');
  const synsets = await Promise.all(
    [0, 1, 2, 3, 4].map(async (each) => {
      const synset = `n0000000${each + 1}`;
      const examples = members.flatMap((_, i) => (synsetOf(i) === synset ? [exampleOf(i)] : []));
      const lines = encodeIndexedExamples(examples);
      await store.put(indexKeys.synset('small', synset), lines);
      return { synset, label: each + 1, words: `class ${each}`, examples: examples.length, sha256: sha256(lines) };
    }),
  );
  const entry = encodeIndexEntry({
    format: 'bluewaters.index.v1',
    dataset: 'small',
    archive: { key: 'Images.tar' },
    archiveSize: archive.length,
    synsets,
    examples: members.length,
    refused: 0,
    repaired: 1,
  });
  await store.put(indexKeys.entry('small'), entry);
  request = { ...request, index: sha256(entry) };
  return store;
}

let request: BuildRequest = {
  dataset: 'small',
  index: '',
  validation: { kind: 'share', share: 0.2 },
  trainShards: 3,
  validationShards: 2,
  seed: 7,
};

let scratch: string;
beforeEach(async () => {
  scratch = await temporaryDirectory();
});

function context(store: ObjectStore, changes: Partial<BuildContext> = {}): BuildContext {
  const { signal } = new AbortController();
  return { store, scratch, shardsAtATime: 2, signal, report: () => {}, onShard: async () => {}, ...changes };
}

async function contents(store: ObjectStore): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { key } of store.list('datasets/')) found[key] = sha256(await store.get(key));
  return found;
}

async function namesOf(store: ObjectStore, split: 'train' | 'validation'): Promise<string[]> {
  const manifest = parseManifest(await store.get(datasetKeys.manifest('small')), { file: 'x' });
  const names: string[] = [];
  for (const { key } of manifest.splits[split]) {
    for (const { payload } of readRecords(await store.get(key), { file: key }))
      names.push(decodeImageExample(payload).filename);
  }
  return names;
}

describe('building shards', () => {
  it('writes boxes with the label of what is in them, and with that of the picture where it is of no class', async () => {
    const store = await fill(new MemoryStore());
    await buildShards(request, context(store));
    const { splits } = parseManifest(await store.get(datasetKeys.manifest('small')), { file: 'x' });
    for (const { key } of [...splits.train, ...splits.validation]) {
      for (const { payload } of readRecords(await store.get(key), { file: key })) {
        const { filename, boxes } = decodeImageExample(payload);
        const isBoxed = filename.endsWith(`_${BOXED_IMAGE}.JPEG`);
        expect(boxes).toEqual(isBoxed ? [ENDS, { ...ENDS, label: 3 }, ENDS] : []);
      }
    }
  });

  it('writes every image once, with its label and the very bytes of the archive or of the repaired copy', async () => {
    const store = await fill(new MemoryStore());
    const result = await buildShards(request, context(store));
    expect(result.splits).toMatchObject({ train: { shards: 3, examples: 32 }, validation: { shards: 2, examples: 8 } });
    const manifest = parseManifest(await store.get(result.manifestKey), { file: 'x' });
    expect(manifest.classes.map(({ label }) => label)).toEqual([1, 2, 3, 4, 5]);
    const seen = new Set<string>();
    for (const { key, size, examples } of [...manifest.splits.train, ...manifest.splits.validation]) {
      const bytes = await store.get(key);
      const records = [...readRecords(bytes, { file: key })];
      expect([bytes.length, records.length]).toEqual([size, examples]);
      for (const { payload } of records) {
        const { filename, encoded, label, synset, text, width } = decodeImageExample(payload);
        const i = Number(/_(\d+)\./u.exec(filename)![1]);
        expect(Buffer.from(encoded).equals(i === REPAIRED_IMAGE ? repaired : members[i]!)).toBe(true);
        expect([label, synset, text, width]).toEqual([1 + (i % 4), synsetOf(i), `class ${i % 4}`, 10 + i]);
        seen.add(filename);
      }
      const offsets = decodeOffsets(await store.get(datasetKeys.offsets(key)), { file: key });
      expect(offsets.records).toEqual(records.map(({ offset, length }) => ({ offset, length })));
    }
    expect(seen.size).toBe(40);
    for await (const dataset of listDatasets(store)) expect(dataset).toEqual(result);
    expect(await verifyDataset(store, 'small')).toMatchObject({ shards: 5, examples: 40 });
  });

  it.each([1, 2, 5])(
    'writes the same bytes with %i shards at a time, to a directory as to memory',
    async (shardsAtATime) => {
      const expected = await fill(new MemoryStore());
      await buildShards(request, context(expected, { shardsAtATime: 1 }));
      const store = await fill(new DirectoryStore(await temporaryDirectory()));
      await buildShards(request, context(store, { shardsAtATime }));
      expect(await contents(store)).toEqual(await contents(expected));
    },
  );

  it.each([0, 1, 2, 3, 7, 10])('writes the same bytes when it was cut off after %i writes', async (writes) => {
    const expected = await fill(new MemoryStore());
    await buildShards(request, context(expected));
    const store = await fill(new MemoryStore());
    const cutOff = buildShards(request, context(failingAfter(store, writes)));
    await expect(cutOff).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await store.stat(datasetKeys.manifest('small'))).toBeUndefined();
    await buildShards(request, context(store));
    expect(await contents(store)).toEqual(await contents(expected));
  });

  it('builds no shard twice, however often it is cut off', async () => {
    const store = await fill(new MemoryStore());
    const built: string[] = [];
    const attempt = (): Promise<unknown> =>
      // Two writes are one shard and its offsets.
      buildShards(
        request,
        context(
          failingAfter(store, 2, (key) => built.push(key)),
          { shardsAtATime: 1 },
        ),
      );
    for (let cutOffs = 0; cutOffs < 5; cutOffs++) await expect(attempt()).rejects.toThrow();
    await attempt();
    const shards = built.filter((key) => key.includes('-of-') && !key.endsWith('.offsets'));
    expect(shards.sort()).toEqual([...new Set(shards)]);
    expect(shards).toHaveLength(5);
  });

  it('ends with INTERRUPTED at the signal and goes on from the shards that are done', async () => {
    const expected = await fill(new MemoryStore());
    await buildShards(request, context(expected));
    const store = await fill(new MemoryStore());
    const abort = new AbortController();
    const onShard = async (): Promise<void> => abort.abort();
    const stopped = buildShards(request, context(store, { signal: abort.signal, onShard, shardsAtATime: 1 }));
    await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(Object.keys(await contents(store))).toEqual([
      'datasets/small/train-00000-of-00003',
      'datasets/small/train-00000-of-00003.offsets',
    ]);
    const before = await store.get('datasets/small/train-00000-of-00003');
    const reports: Progress[] = [];
    await buildShards(request, context(store, { report: (progress) => reports.push(progress) }));
    expect(await store.get('datasets/small/train-00000-of-00003')).toEqual(before);
    expect(reports[0]!.done).toBe(
      decodeOffsets(await store.get('datasets/small/train-00000-of-00003.offsets'), { file: 'x' }).records.length,
    );
    expect(await contents(store)).toEqual(await contents(expected));
  });

  it('builds a shard again when it was built from anything else, and removes what is no longer named', async () => {
    const store = await fill(new MemoryStore());
    const expected = await fill(new MemoryStore());
    await buildShards({ ...request, trainShards: 5, seed: 8 }, context(store));
    await buildShards({ ...request, seed: 9 }, context(store));
    await buildShards(request, context(store));
    await buildShards(request, context(expected));
    expect(await contents(store)).toEqual(await contents(expected));
  });

  it('orders images by the seed alone', async () => {
    const store = await fill(new MemoryStore());
    await buildShards(request, context(store));
    const order = await namesOf(store, 'train');
    await buildShards({ ...request, trainShards: 4 }, context(store));
    expect(await namesOf(store, 'train')).toEqual(order);
    await buildShards({ ...request, seed: 8 }, context(store));
    expect(await namesOf(store, 'train')).not.toEqual(order);
  });

  it('gives a split of few images a shard an image', async () => {
    const store = await fill(new MemoryStore());
    const { splits } = await buildShards({ ...request, validationShards: 100 }, context(store));
    expect(splits.validation).toMatchObject({ shards: 8, examples: 8 });
  });
});

describe('the split', () => {
  it('holds out the same share of each class, and never differs for the same seed', async () => {
    const store = await fill(new MemoryStore());
    await buildShards({ ...request, validation: { kind: 'share', share: 0.3 } }, context(store));
    const heldOut = await namesOf(store, 'validation');
    const counts = [1, 2, 3, 4].map((each) => heldOut.filter((name) => name.startsWith(`n0000000${each}`)).length);
    expect(counts).toEqual([3, 3, 3, 3]);
  });

  it('holds out what a list names', async () => {
    const store = await fill(new MemoryStore());
    await buildShards({ ...request, validation: { kind: 'list', list: { key: 'held-out.txt' } } }, context(store));
    expect((await namesOf(store, 'validation')).sort()).toEqual(['n00000001_0.JPEG', 'n00000002_5.JPEG']);
  });

  it('refuses a list that names no image of the index', async () => {
    const store = await fill(new MemoryStore());
    await store.put('held-out.txt', 'n00000001 n00000001_99\n');
    const listed = { ...request, validation: { kind: 'list', list: { key: 'held-out.txt' } } } as const;
    await expect(buildShards(listed, context(store))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('inputs that are not as they were', () => {
  it.each<[string, (store: MemoryStore) => Promise<unknown>, object]>([
    [
      'a changed member',
      (store) => store.put('Images.tar', Buffer.from(archive).fill(0, exampleOf(9).offset, exampleOf(9).offset + 1)),
      {
        code: 'ARCHIVE_CHANGED',
        details: { file: 'Images.tar/n00000002.tar/n00000002_9.JPEG', offset: exampleOf(9).offset },
      },
    ],
    ['a longer archive', (store) => store.put('Images.tar', Buffer.alloc(9)), { code: 'ARCHIVE_CHANGED' }],
    ['an archive that is gone', (store) => store.delete('Images.tar'), { code: 'FILE_NOT_FOUND' }],
    ['an index that is gone', (store) => store.delete(indexKeys.entry('small')), { code: 'INDEX_INVALID' }],
    ['another index', (store) => store.put(indexKeys.entry('small'), '{}'), { code: 'INDEX_INVALID' }],
    [
      'a synset that is damaged',
      (store) => store.put(indexKeys.synset('small', 'n00000003'), '{}'),
      { code: 'INDEX_INVALID', details: { file: 'indexes/small/synsets/n00000003.jsonl' } },
    ],
    [
      'a repaired copy that is damaged',
      (store) => store.put(indexKeys.repaired('small', sha256(members[REPAIRED_IMAGE]!)), 'x'),
      { code: 'INDEX_INVALID' },
    ],
    [
      'a repaired copy that is gone',
      (store) => store.delete(indexKeys.repaired('small', sha256(members[REPAIRED_IMAGE]!))),
      { code: 'INDEX_INVALID' },
    ],
  ])('%s ends the work by name, without a manifest', async (_, spoil, expected) => {
    const store = await fill(new MemoryStore());
    await spoil(store);
    await expect(buildShards(request, context(store))).rejects.toMatchObject(expected);
    expect(await store.stat(datasetKeys.manifest('small'))).toBeUndefined();
  });
});

/** A store that fails every write after so many; `onWrite` is told those before. */
function failingAfter(store: MemoryStore, writes: number, onWrite: (key: string) => void = () => {}): ObjectStore {
  let left = writes;
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      const method = (value as (...given: unknown[]) => unknown).bind(target);
      if (name !== 'put' && name !== 'putFile') return method;
      return async (key: string, ...given: unknown[]) => {
        if (left-- <= 0) throw new CodedError('STORE_UNAVAILABLE', 'cut off');
        onWrite(key);
        return method(key, ...given);
      };
    },
  });
}
