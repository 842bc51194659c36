import { crc32c } from '@node-rs/crc32';

/**
 * CRC-32C (Castagnoli) of some bytes, masked as TFRecord files store it: rotated by 15 bits, plus a constant, so that
 * the checksum of bytes that hold checksums stays useful.
 *
 * @returns 0 to 2^32 - 1.
 */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
