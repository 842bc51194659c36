import type { BuildRequest, BuildResult, Progress } from '@bluewaters/messages';
import {
  datasetKeys,
  decodeImageExample,
  encodeIndexedExamples,
  encodeIndexEntry,
  indexKeys,
  indexName,
  parseManifest,
  readRecords,
  type Manifest,
  type Split,
} from '@bluewaters/records';
import { MemoryStore } from '@bluewaters/storage';
import { temporaryDirectory } from '@bluewaters/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { buildShards, describeDataset, verifyDataset } from './index.js';
import { archive, exampleOf, members, sha256, synsetOf } from './members.fixture.js';

const SYNSETS = ['n00000001', 'n00000002', 'n00000003', 'n00000004'];
/** Members of each split; 4 is of two of them. None is one that needs a repaired copy. */
const OF: Readonly<Record<Split, readonly number[]>> = {
  train: [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19],
  validation: [4, 20, 21, 22],
  testing: [23, 24, 25],
};

let store: MemoryStore;
let told: Progress[];
beforeEach(() => {
  [store, told] = [new MemoryStore(), []];
});

/** Stores the index of a split, in an archive of its own. @returns its digest. */
async function fill(split: Split, labels: readonly string[] = SYNSETS): Promise<string> {
  const name = indexName('d', split);
  // Each archive begins with bytes of its own, so that what is read from another's has another digest.
  const own = Buffer.from(`${split} `.padEnd(16, '.'));
  await store.put(`${split}.tar`, Buffer.concat([own, archive]));
  const synsets = [];
  for (const [n, synset] of labels.entries()) {
    const examples = OF[split].filter((i) => synsetOf(i) === synset).map(exampleOf);
    const lines = encodeIndexedExamples(examples.map((each) => ({ ...each, offset: each.offset + own.length })));
    await store.put(indexKeys.synset(name, synset), lines);
    synsets.push({ synset, label: n + 1, words: synset, examples: examples.length, sha256: sha256(lines) });
  }
  const entry = encodeIndexEntry({
    ...{ format: 'bluewaters.index.v1', dataset: 'd', archive: { key: `${split}.tar` } },
    ...(split !== 'train' && { split }),
    ...{ archiveSize: own.length + archive.length, synsets, examples: OF[split].length, refused: 0, repaired: 0 },
  });
  await store.put(indexKeys.entry(name), entry);
  return sha256(entry);
}

async function build(
  request: Partial<BuildRequest> & Pick<BuildRequest, 'index' | 'validation'>,
): Promise<BuildResult> {
  const { signal } = new AbortController();
  const report = (progress: Progress): void => void told.push(progress);
  const context = { store, scratch: await temporaryDirectory(), shardsAtATime: 2, signal, report };
  const counts = { dataset: 'd', trainShards: 3, validationShards: 2, seed: 7 };
  return buildShards({ ...counts, ...request }, { ...context, onShard: async () => {} });
}

async function manifest(): Promise<Manifest> {
  return parseManifest(await store.get(datasetKeys.manifest('d')), { file: 'x' });
}

/** Numbers of the members that a split's records have, in ascending order. */
async function recordsOf(split: Split): Promise<number[]> {
  const found: number[] = [];
  for (const { key } of (await manifest()).splits[split] ?? []) {
    for (const { payload } of readRecords(await store.get(key), { file: key })) {
      const { filename, encoded, label } = decodeImageExample(payload);
      const number = Number(/_(\d+)\./u.exec(filename)?.[1]);
      expect([Buffer.from(encoded).equals(members[number]!), label]).toEqual([true, 1 + (number % 4)]);
      found.push(number);
    }
  }
  return found.sort((a, b) => a - b);
}

async function shardsInStore(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { key } of store.list('datasets/d/')) found[key] = sha256(await store.get(key));
  return found;
}

describe('shards of splits that have indexes of their own', () => {
  it('hold all that each index has, from its own archive, and nothing is held out of train', async () => {
    const [index, validation, testing] = [await fill('train'), await fill('validation'), await fill('testing')];
    const result = await build({ index, validation: { kind: 'index', index: validation }, testing });
    for (const split of ['train', 'validation', 'testing'] as const) {
      expect(await recordsOf(split)).toEqual([...OF[split]].sort((a, b) => a - b));
    }
    expect(result.splits).toMatchObject({
      train: { shards: 3, examples: 12 },
      validation: { shards: 2, examples: 4 },
      testing: { shards: 2, examples: 3 },
    });
    expect((await manifest()).splitIndexes).toEqual({ validation, testing });
    expect(await describeDataset(store, 'd')).toEqual(result);
    expect(await verifyDataset(store, 'd')).toMatchObject({ shards: 7, examples: 19 });
  });

  it('name what a held-out picture has in common with another split', async () => {
    const [index, validation] = [await fill('train'), await fill('validation')];
    await build({ index, validation: { kind: 'index', index: validation } });
    const name = 'n00000001/n00000001_4.JPEG';
    const shared = Buffer.from(await store.get(datasetKeys.shared('d'))).toString();
    expect(JSON.parse(shared)).toEqual({ train: [name], validation: [name] });
    expect(told.at(-1)?.notices).toEqual([
      expect.stringMatching(/^1 held-out pictures .*datasets\/d\/shared\.jsonl$/u),
    ]);
  });

  it('are not built again when another split was indexed anew', async () => {
    const [index, validation] = [await fill('train'), await fill('validation')];
    await build({ index, validation: { kind: 'index', index: validation } });
    const before = await shardsInStore();
    told = [];
    const testing = await fill('testing');
    await build({ index, validation: { kind: 'index', index: validation }, testing });
    expect(told[0]!.done).toBeGreaterThan(0);
    expect(await shardsInStore()).toMatchObject({ ...before, 'datasets/d/manifest.json': expect.anything() });
    await build({ index, validation: { kind: 'index', index: validation } });
    expect(await shardsInStore()).toEqual(before);
  });

  it('are those of train alone where a share of it is asked for', async () => {
    const index = await fill('train');
    await fill('validation');
    await build({ index, validation: { kind: 'share', share: 0.25 } });
    expect(new Set([...(await recordsOf('train')), ...(await recordsOf('validation'))])).toEqual(new Set(OF.train));
    expect(await manifest()).not.toHaveProperty('splitIndexes');
  });

  it('are refused for a split that was indexed with other labels, or not at all', async () => {
    const index = await fill('train');
    const other = await fill('validation', SYNSETS.toReversed());
    await expect(build({ index, validation: { kind: 'index', index: other } })).rejects.toMatchObject({
      code: 'INDEX_INVALID',
      details: { file: 'indexes/d/validation/index.json' },
    });
    const missing = build({ index, validation: { kind: 'share', share: 0.25 }, testing: '0'.repeat(64) });
    await expect(missing).rejects.toMatchObject({
      code: 'INDEX_INVALID',
      details: { file: 'indexes/d/testing/index.json', got: 'no such object' },
    });
  });
});
