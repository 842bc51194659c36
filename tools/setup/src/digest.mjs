import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/**
 * @param {string} file
 * @returns {Promise<string>} SHA-256 of the file's bytes, 64 lower-case hexadecimal digits.
 */
export async function sha256File(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/**
 * @param {string | Uint8Array} bytes
 * @returns {string} SHA-256, 64 lower-case hexadecimal digits.
 */
export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
