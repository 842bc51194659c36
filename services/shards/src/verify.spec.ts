import { createHash } from 'node:crypto';
import {
  datasetKeys,
  encodeManifest,
  encodeOffsets,
  frameRecord,
  imageExample,
  readRecords,
  type Manifest,
} from '@bluewaters/records';
import { MemoryStore } from '@bluewaters/storage';
import { describe, expect, it } from 'vitest';
import { verifyDataset } from './index.js';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const KEY = datasetKeys.shard('small', 'train', 0, 1);
const records = [1, 2, 3].map((label) =>
  frameRecord(
    imageExample({
      encoded: Buffer.alloc(50, label),
      filename: `n0000000${label}_1.JPEG`,
      width: 1,
      height: 1,
      label,
      synset: `n0000000${label}`,
      text: '',
      boxes: [],
    }),
  ),
);
const shard = Buffer.concat(records);
const second = records[0]!.length;

function manifestOf(bytes: Uint8Array, examples: number): Manifest {
  return {
    format: 'bluewaters.manifest.v1',
    dataset: 'small',
    index: sha256(Buffer.alloc(0)),
    seed: 1,
    classes: [],
    splits: { train: [{ key: KEY, size: bytes.length, sha256: sha256(bytes), examples }], validation: [] },
  };
}

async function sound(): Promise<MemoryStore> {
  const store = new MemoryStore();
  await store.put(KEY, shard);
  const places = [...readRecords(shard, { file: KEY })].map(({ offset, length }) => ({ offset, length }));
  const offsets = { records: places, size: shard.length, sha256: sha256(shard), build: sha256(Buffer.alloc(0)) };
  await store.put(datasetKeys.offsets(KEY), encodeOffsets(offsets));
  await store.put(datasetKeys.manifest('small'), encodeManifest(manifestOf(shard, 3)));
  return store;
}

describe('verifying a dataset', () => {
  it('counts what is sound', async () => {
    const expected = { dataset: 'small', shards: 1, examples: 3, bytes: shard.length };
    expect(await verifyDataset(await sound(), 'small')).toEqual(expected);
  });

  it('finds one flipped bit anywhere in a shard, and says in which record', async () => {
    const store = await sound();
    for (let at = 0; at < shard.length; at += 7) {
      const damaged = Buffer.from(shard);
      damaged[at]! ^= 16;
      await store.put(KEY, damaged);
      const offset = at < second ? 0 : at < 2 * second ? second : 2 * second;
      await expect(verifyDataset(store, 'small')).rejects.toMatchObject({
        code: 'RECORD_CORRUPT',
        details: { file: KEY, offset },
      });
    }
  });

  const swapped = Buffer.concat([records[1]!, records[0]!, records[2]!]);
  it.each<[string, string, (store: MemoryStore) => Promise<unknown>]>([
    ['a shard that is gone', 'SHARD_MISSING', (store) => store.delete(KEY)],
    ['a shard cut between two records', 'SHARD_CORRUPT', (store) => store.put(KEY, shard.subarray(0, second))],
    ['sound records in another order', 'SHARD_CORRUPT', (store) => store.put(KEY, swapped)],
    ['offsets that are gone', 'SHARD_MISSING', (store) => store.delete(datasetKeys.offsets(KEY))],
    ['offsets that are damaged', 'SHARD_CORRUPT', (store) => store.put(datasetKeys.offsets(KEY), 'BWOFFS01')],
    [
      'another number of examples',
      'SHARD_CORRUPT',
      (store) => store.put(datasetKeys.manifest('small'), encodeManifest(manifestOf(shard, 4))),
    ],
    ['a manifest that is gone', 'MANIFEST_INVALID', (store) => store.delete(datasetKeys.manifest('small'))],
    ['a manifest that is cut', 'MANIFEST_INVALID', (store) => store.put(datasetKeys.manifest('small'), '{"format":')],
    [
      'a manifest of another dataset',
      'MANIFEST_INVALID',
      (store) =>
        store.put(datasetKeys.manifest('small'), encodeManifest({ ...manifestOf(shard, 3), dataset: 'large' })),
    ],
  ])('refuses %s with %s', async (_, code, spoil) => {
    const store = await sound();
    await spoil(store);
    await expect(verifyDataset(store, 'small')).rejects.toMatchObject({ code });
  });
});
