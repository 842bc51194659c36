import { createHash } from 'node:crypto';
import { CodedError, isCodedError } from '@bluewaters/errors';
import type { Progress } from '@bluewaters/messages';
import {
  datasetKeys,
  decodeOffsets,
  parseManifest,
  readRecordStream,
  type Manifest,
  type ManifestShard,
  type RecordPlace,
} from '@bluewaters/records';
import { ProgressMeter } from '@bluewaters/service';
import { openSource, type ObjectStore, type SourceFile } from '@bluewaters/storage';

const CHUNK_BYTES = 4 * 1024 * 1024;

/** How a verification is watched and stopped. */
export interface VerifyOptions {
  readonly signal?: AbortSignal;
  /** In images. */
  readonly report?: (progress: Progress) => void;
}

/** What was found sound. */
export interface VerifiedDataset {
  readonly dataset: string;
  readonly shards: number;
  readonly examples: number;
  /** Of all shards. */
  readonly bytes: number;
}

/**
 * Reads a whole dataset and checks it against its manifest: every shard is there with its size, every record matches its
 * CRC-32C, every shard its digest and its number of examples, and the offsets file says where the records are.
 *
 * @throws {CodedError} MANIFEST_INVALID; SHARD_MISSING; SHARD_CORRUPT; RECORD_CORRUPT with the offset in the shard;
 * INTERRUPTED.
 */
export async function verifyDataset(
  store: ObjectStore,
  dataset: string,
  options: VerifyOptions = {},
): Promise<VerifiedDataset> {
  const { splits } = await loadManifest(store, dataset);
  const shards = [...splits.train, ...splits.validation, ...(splits.testing ?? [])];
  const total = shards.reduce((sum, { examples }) => sum + examples, 0);
  const meter = new ProgressMeter(options.report ?? (() => {}), 'images');
  let examples = 0;
  for (const shard of shards) {
    await verifyShard(store, shard, () => {
      if (options.signal?.aborted) throw new CodedError('INTERRUPTED', `Verifying ${dataset} was stopped`);
      meter.update(`verifying ${shard.key}`, ++examples, total);
    });
  }
  meter.last('verified', examples, total);
  return { dataset, shards: shards.length, examples, bytes: shards.reduce((sum, { size }) => sum + size, 0) };
}

/** @throws {CodedError} MANIFEST_INVALID when there is none, it is damaged, or it is of another dataset. */
export async function loadManifest(store: ObjectStore, dataset: string): Promise<Manifest> {
  const file = datasetKeys.manifest(dataset);
  const bytes = await store.get(file).catch((error: unknown) => {
    if (!isCodedError(error, 'OBJECT_NOT_FOUND')) throw error;
    throw new CodedError('MANIFEST_INVALID', `There is no dataset ${dataset}`, { details: { file }, cause: error });
  });
  const manifest = parseManifest(bytes, { file });
  if (manifest.dataset === dataset) return manifest;
  throw new CodedError('MANIFEST_INVALID', 'A manifest lies under another dataset than its own', {
    details: { file, field: 'dataset', expected: dataset, got: manifest.dataset },
  });
}

async function verifyShard(store: ObjectStore, shard: ManifestShard, onRecord: () => void): Promise<void> {
  const info = await store.stat(shard.key);
  if (!info) throw missing(shard.key);
  assertSame(shard.key, 'bytes', shard.size, info.size);
  await using source = await openSource(store, { key: shard.key });
  const hash = createHash('sha256');
  const records: RecordPlace[] = [];
  for await (const { offset, length } of readRecordStream(hashedChunks(source, hash), { file: shard.key })) {
    records.push({ offset, length });
    onRecord();
  }
  assertSame(shard.key, 'examples', shard.examples, records.length);
  assertSame(shard.key, 'sha256', shard.sha256, hash.digest('hex'));
  await verifyOffsets(store, shard, records);
}

async function verifyOffsets(store: ObjectStore, shard: ManifestShard, records: readonly RecordPlace[]): Promise<void> {
  const file = datasetKeys.offsets(shard.key);
  const bytes = await store.get(file).catch((error: unknown) => {
    throw isCodedError(error, 'OBJECT_NOT_FOUND') ? missing(file) : error;
  });
  const offsets = decodeOffsets(bytes, { file });
  assertSame(file, 'sha256 of the shard', shard.sha256, offsets.sha256);
  assertSame(file, 'records', JSON.stringify(records), JSON.stringify(offsets.records));
}

async function* hashedChunks(source: SourceFile, hash: ReturnType<typeof createHash>): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < source.size; offset += CHUNK_BYTES) {
    const chunk = await source.read({ offset, length: Math.min(CHUNK_BYTES, source.size - offset) });
    hash.update(chunk);
    yield chunk;
  }
}

function missing(file: string): CodedError {
  return new CodedError('SHARD_MISSING', 'A shard that the manifest names is not in the store', { details: { file } });
}

function assertSame(file: string, field: string, expected: string | number, got: string | number): void {
  if (expected === got) return;
  const shown = (value: string | number): string => String(value).slice(0, 100);
  throw new CodedError('SHARD_CORRUPT', 'A shard is not as the manifest says', {
    details: { file, field, expected: shown(expected), got: shown(got) },
  });
}
