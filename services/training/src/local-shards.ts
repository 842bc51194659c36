import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createReadStream } from 'node:fs';
import { CodedError, toCodedError } from '@bluewaters/errors';
import type { Progress } from '@bluewaters/messages';
import {
  datasetKeys,
  decodeOffsets,
  readRecordStream,
  recordTable,
  type Manifest,
  type ManifestShard,
  type RecordPlace,
  type RecordTable,
} from '@bluewaters/records';
import { closeFolder, type ObjectStore } from '@bluewaters/storage';
import { digestFile } from './files.js';

/** Paths of the shards of each split, in the manifest's order. */
export interface LocalShards {
  readonly train: readonly string[];
  readonly validation: readonly string[];
  /** Where the records of `train` lie. */
  readonly records: RecordTable;
  /** Where those of `validation` lie. */
  readonly validationRecords: RecordTable;
}

/**
 * Makes every shard a local file, since TensorFlow opens nothing else. Where the store is a directory its files are used
 * as they are; from a remote store each is copied once and its digest compared.
 *
 * @param cache Folder for copies, which is this account's alone; those that are there from an earlier start are verified, not fetched again.
 * @throws {CodedError} SHARD_MISSING, SHARD_CORRUPT.
 */
export async function bringShards(
  store: ObjectStore,
  manifest: Manifest,
  options: { readonly cache: string; readonly report: (progress: Progress) => void },
): Promise<LocalShards> {
  const shards = [...manifest.splits.train, ...manifest.splits.validation];
  const total = shards.reduce((bytes, { size }) => bytes + size, 0);
  const paths = new Map<string, string>();
  let done = 0;
  for (const shard of shards) {
    paths.set(shard.key, await bringShard(store, shard, options.cache));
    done += shard.size;
    options.report({ phase: 'bringing the shards', done, total, unit: 'bytes' });
  }
  const local = (split: readonly ManifestShard[]): string[] => split.map(({ key }) => paths.get(key) as string);
  return {
    train: local(manifest.splits.train),
    validation: local(manifest.splits.validation),
    records: recordTable(await readOffsets(store, manifest.splits.train)),
    validationRecords: recordTable(await readOffsets(store, manifest.splits.validation)),
  };
}

/** The places of the records of each shard. */
async function readOffsets(store: ObjectStore, shards: readonly ManifestShard[]): Promise<(readonly RecordPlace[])[]> {
  const places: (readonly RecordPlace[])[] = [];
  for (const shard of shards) {
    const file = datasetKeys.offsets(shard.key);
    const bytes = await store.get(file).catch((error: unknown) => {
      throw toCodedError(error).code === 'OBJECT_NOT_FOUND' ? missing(file, 'the offsets of its records') : error;
    });
    const { records, sha256 } = decodeOffsets(bytes, { file });
    if (sha256 !== shard.sha256) {
      throw new CodedError('SHARD_CORRUPT', 'The offsets of a shard are those of another', {
        details: { file, expected: `offsets of sha256 ${shard.sha256}`, got: sha256 },
      });
    }
    places.push(records);
  }
  return places;
}

async function bringShard(store: ObjectStore, shard: ManifestShard, cache: string): Promise<string> {
  const path = store.localPath(shard.key);
  if (path !== undefined) {
    await assertSize(path, shard);
    return path;
  }
  const copy = join(cache, basename(shard.key));
  const kept = await digestFile(copy).catch(() => undefined);
  if (kept?.sha256 === shard.sha256) return copy;
  await closeFolder(cache);
  await store.getFile(shard.key, copy).catch((error: unknown) => {
    throw toCodedError(error).code === 'OBJECT_NOT_FOUND' ? missing(shard.key, `${shard.size} bytes`) : error;
  });
  const { sha256 } = await digestFile(copy);
  if (sha256 === shard.sha256) return copy;
  throw new CodedError('SHARD_CORRUPT', 'A shard is not the one that the manifest names', {
    details: { file: shard.key, expected: `sha256 ${shard.sha256}`, got: sha256 },
  });
}

async function assertSize(path: string, shard: ManifestShard): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw missing(shard.key, `${shard.size} bytes`);
  if (found.size === shard.size) return;
  throw new CodedError('SHARD_CORRUPT', 'A shard has another size than the manifest says', {
    details: { file: shard.key, expected: `${shard.size} bytes`, got: `${found.size} bytes` },
  });
}

function missing(file: string, expected: string): CodedError {
  return new CodedError('SHARD_MISSING', 'A shard that the manifest names is not in the store', {
    details: { file, expected, got: 'no such object' },
  });
}

/**
 * Turns TensorFlow's word that some record is damaged into an error that names file and offset, by reading the shards.
 * Resolves to undefined when every record is sound.
 */
export async function findCorruptRecord(paths: readonly string[]): Promise<CodedError | undefined> {
  for (const path of paths) {
    try {
      const records = readRecordStream(createReadStream(path, { highWaterMark: 1 << 20 }), { file: path });
      for await (const _ of records);
    } catch (error) {
      return toCodedError(error);
    }
  }
  return undefined;
}
