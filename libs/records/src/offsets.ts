import { assertFormat, CodedError } from '@bluewaters/errors';
import { maskedCrc32c } from './crc32c.js';

/**
 * The offsets file beside a shard: where each of its records lies, so that readers can take them in any order, and what
 * the shard was built from, so that a build that was interrupted knows which shards it need not build again.
 *
 * Layout, little-endian: magic `BWOFFS01`; records (int64); size of the shard in bytes (int64); sha256 of the shard
 * (32 bytes); digest of the build (32 bytes); masked CRC-32C of all that follows (uint32); four zero bytes; then for each
 * record its offset and its length with framing (int64 each).
 */

const MAGIC = Buffer.from('BWOFFS01');
const HEADER_BYTES = 96;
const ENTRY_BYTES = 16;

/** Where a record lies in its shard. */
export interface RecordPlace {
  /** Of the record's first framing byte, in bytes from the start of the shard. */
  readonly offset: number;
  /** Of the record with its framing, in bytes. */
  readonly length: number;
}

/** What an offsets file tells of its shard. */
export interface ShardOffsets {
  /** In file order. */
  readonly records: readonly RecordPlace[];
  /** Of the shard, in bytes. */
  readonly size: number;
  /** Of the shard, in hexadecimal. */
  readonly sha256: string;
  /** Sha256, in hexadecimal, of everything that the shard's bytes depend on. */
  readonly build: string;
}

/** Encodes an offsets file. */
export function encodeOffsets(offsets: ShardOffsets): Uint8Array {
  const bytes = Buffer.alloc(HEADER_BYTES + ENTRY_BYTES * offsets.records.length);
  offsets.records.forEach(({ offset, length }, i) => {
    bytes.writeBigInt64LE(BigInt(offset), HEADER_BYTES + ENTRY_BYTES * i);
    bytes.writeBigInt64LE(BigInt(length), HEADER_BYTES + ENTRY_BYTES * i + 8);
  });
  MAGIC.copy(bytes);
  bytes.writeBigInt64LE(BigInt(offsets.records.length), 8);
  bytes.writeBigInt64LE(BigInt(offsets.size), 16);
  bytes.write(offsets.sha256, 24, 'hex');
  bytes.write(offsets.build, 56, 'hex');
  bytes.writeUInt32LE(maskedCrc32c(bytes.subarray(HEADER_BYTES)), 88);
  return bytes;
}

/**
 * Decodes an offsets file.
 *
 * @param source `file` names it in errors.
 * @throws {CodedError} SHARD_CORRUPT when it is cut short, damaged, or no offsets file; FORMAT_UNKNOWN.
 */
export function decodeOffsets(bytes: Uint8Array, source: { readonly file: string }): ShardOffsets {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  assertFormat({ format: view.toString('latin1', 0, MAGIC.length) }, MAGIC.toString('latin1'), source.file);
  if (view.length < HEADER_BYTES || !view.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw damaged(source.file, 0, 'an offsets file', `${view.length} bytes of something else`);
  }
  const count = Number(view.readBigInt64LE(8));
  const size = HEADER_BYTES + ENTRY_BYTES * count;
  if (view.length !== size) throw damaged(source.file, 8, `${size} bytes`, `${view.length} bytes`);
  const crc = maskedCrc32c(view.subarray(HEADER_BYTES));
  if (crc !== view.readUInt32LE(88)) throw damaged(source.file, 88, `checksum ${view.readUInt32LE(88)}`, `${crc}`);
  return {
    records: Array.from({ length: count }, (_, i) => placeAt(view, HEADER_BYTES + ENTRY_BYTES * i)),
    size: Number(view.readBigInt64LE(16)),
    sha256: view.toString('hex', 24, 56),
    build: view.toString('hex', 56, 88),
  };
}

function placeAt(view: Buffer, at: number): RecordPlace {
  return { offset: Number(view.readBigInt64LE(at)), length: Number(view.readBigInt64LE(at + 8)) };
}

function damaged(file: string, offset: number, expected: string, got: string): CodedError {
  return new CodedError('SHARD_CORRUPT', 'The offsets of a shard are damaged', {
    details: { file, offset, expected, got },
  });
}
