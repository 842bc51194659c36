import { CodedError } from '@bluewaters/errors';
import { maskedCrc32c } from './crc32c.js';

/**
 * TFRecord framing. A record is: length of the payload (uint64, little-endian), masked CRC-32C of those eight bytes
 * (uint32), the payload, masked CRC-32C of the payload (uint32). A file is records and nothing else.
 */

/** Bytes before the payload: the length and its checksum. */
export const RECORD_HEADER_BYTES = 12;
/** Bytes after the payload: its checksum. */
export const RECORD_FOOTER_BYTES = 4;
/** What framing adds to a payload, in bytes. */
export const RECORD_OVERHEAD_BYTES = RECORD_HEADER_BYTES + RECORD_FOOTER_BYTES;

/** A payload as it was found in a file of records. */
export interface PlacedRecord {
  /** Of the record (its length field), in bytes from the start of the file. */
  readonly offset: number;
  /** Of the whole record with its framing, in bytes. */
  readonly length: number;
  /** A view into the bytes that were read, not a copy. */
  readonly payload: Uint8Array;
}

/** Frames one payload as a TFRecord. */
export function frameRecord(payload: Uint8Array): Uint8Array {
  const record = new Uint8Array(payload.length + RECORD_OVERHEAD_BYTES);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(payload.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(payload, RECORD_HEADER_BYTES);
  view.setUint32(RECORD_HEADER_BYTES + payload.length, maskedCrc32c(payload), true);
  return record;
}

/**
 * The records of a whole file, in file order, each checked.
 *
 * @param source `file` names the file in errors.
 * @throws {CodedError} RECORD_CORRUPT with the file, the record's offset, and the checksum or length that was expected.
 */
export function* readRecords(bytes: Uint8Array, source: { readonly file: string }): Generator<PlacedRecord> {
  for (let offset = 0; offset < bytes.length; ) {
    const place = { file: source.file, offset };
    const length = recordLength(bytes.subarray(offset, offset + RECORD_HEADER_BYTES), place);
    if (length > bytes.length - offset) throw pastTheEnd(place, length, bytes.length - offset);
    yield { offset, length, payload: payloadOf(bytes.subarray(offset, offset + length), place) };
    offset += length;
  }
}

/**
 * The records of a file that comes in pieces of any size; holds one record at a time and the piece that it came in.
 *
 * @throws {CodedError} RECORD_CORRUPT as {@link readRecords}.
 */
export async function* readRecordStream(
  chunks: AsyncIterable<Uint8Array>,
  source: { readonly file: string },
): AsyncGenerator<PlacedRecord> {
  const pending = new PendingBytes(chunks[Symbol.asyncIterator]());
  for (let offset = 0; await pending.atLeast(1); ) {
    const place = { file: source.file, offset };
    await pending.atLeast(RECORD_HEADER_BYTES);
    const length = recordLength(pending.peek(RECORD_HEADER_BYTES), place);
    if (!(await pending.atLeast(length))) throw pastTheEnd(place, length, pending.length);
    yield { offset, length, payload: payloadOf(pending.take(length), place) };
    offset += length;
  }
}

/** Where in which file; goes into errors. */
interface Place {
  readonly file: string;
  readonly offset: number;
}

/** Length of the whole record whose first bytes are `header`. */
function recordLength(header: Uint8Array, place: Place): number {
  if (header.length < RECORD_HEADER_BYTES) throw pastTheEnd(place, RECORD_HEADER_BYTES, header.length);
  const view = viewOf(header);
  assertChecksum('length of a record', header.subarray(0, 8), view.getUint32(8, true), place);
  // The checksum vouches for the length, so a large one was written on purpose; Number is exact up to 2^53.
  return Number(view.getBigUint64(0, true)) + RECORD_OVERHEAD_BYTES;
}

function payloadOf(record: Uint8Array, place: Place): Uint8Array {
  const end = record.length - RECORD_FOOTER_BYTES;
  const payload = record.subarray(RECORD_HEADER_BYTES, end);
  assertChecksum('payload of a record', payload, viewOf(record).getUint32(end, true), place);
  return payload;
}

function assertChecksum(what: string, bytes: Uint8Array, stored: number, place: Place): void {
  const actual = maskedCrc32c(bytes);
  if (actual === stored) return;
  throw new CodedError('RECORD_CORRUPT', `The ${what} does not match its CRC-32C`, {
    details: { ...place, expected: hex(stored), got: hex(actual) },
  });
}

function pastTheEnd(place: Place, length: number, left: number): CodedError {
  return new CodedError('RECORD_CORRUPT', 'A record runs past the end of its file', {
    details: { ...place, expected: `${length} bytes`, got: `${left} bytes` },
  });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}

/** Bytes of a stream that have come but are not used yet. */
class PendingBytes {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterator<Uint8Array>) {
    this.#chunks = chunks;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** Waits until `length` bytes are here; false when the stream ended before. */
  async atLeast(length: number): Promise<boolean> {
    if (this.length >= length) return true;
    const parts = [this.#bytes];
    for (let have = this.length; have < length; ) {
      const next = await this.#chunks.next();
      if (next.done) break;
      parts.push(next.value);
      have += next.value.length;
    }
    this.#bytes = Buffer.concat(parts);
    return this.length >= length;
  }

  /** The next bytes, which stay; fewer at the end of the stream. */
  peek(length: number): Uint8Array {
    return this.#bytes.subarray(0, length);
  }

  take(length: number): Uint8Array {
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }
}
