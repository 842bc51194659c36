/** TFRecord framing: what event files are made of; and the checksum that TensorFlow's own files share. */
import { crc32c } from '@node-rs/crc32';

/** Before the payload its length and the length's checksum; after it, its own checksum. */
const HEADER_BYTES = 12;
const FOOTER_BYTES = 4;

/**
 * CRC-32C as TensorFlow and LevelDB store it: rotated by 15 bits, plus a constant, so that the checksum of bytes that
 * hold checksums stays useful.
 *
 * @returns 0 to 2^32 − 1.
 * @see tensorflow/core/lib/hash/crc32c.h, Mask
 */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/**
 * One record: length of the payload (uint64, little-endian), masked CRC-32C of those eight bytes (uint32), the payload,
 * masked CRC-32C of the payload (uint32).
 *
 * @see tensorflow/core/lib/io/record_writer.h
 */
export function frameRecord(payload: Uint8Array): Uint8Array {
  const record = new Uint8Array(HEADER_BYTES + payload.length + FOOTER_BYTES);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(payload.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(payload, HEADER_BYTES);
  view.setUint32(HEADER_BYTES + payload.length, maskedCrc32c(payload), true);
  return record;
}

/** The payloads of records that follow one another, up to the first that is cut short or does not match its checksums. */
export function* payloads(bytes: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let offset = 0; offset + HEADER_BYTES + FOOTER_BYTES <= bytes.length; ) {
    const start = offset + HEADER_BYTES;
    const end = start + Number(view.getBigUint64(offset, true));
    if (view.getUint32(offset + 8, true) !== maskedCrc32c(bytes.subarray(offset, offset + 8))) return;
    if (end + FOOTER_BYTES > bytes.length) return;
    const payload = bytes.subarray(start, end);
    if (view.getUint32(end, true) !== maskedCrc32c(payload)) return;
    yield payload;
    offset = end + FOOTER_BYTES;
  }
}
