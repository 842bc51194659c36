/** Gzip streams, beside zlib itself. */
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { COMPRESSED, inflated } from './compressed.mjs';
import { holds } from './reader.mjs';
import { member, tar } from './tars.mjs';

/** @param {Buffer} bytes @param {import('node:zlib').ZlibOptions} [options] @returns {Buffer | undefined} */
function gunzip(bytes, options) {
  try {
    return gunzipSync(bytes, options);
  } catch {
    return undefined;
  }
}

const plain = tar(member('n01440764.tar', tar(member('n01440764_1.JPEG', 'not a picture'))));

/** @type {import('./reader.mjs').Reader} */
export const reader = {
  ...COMPRESSED,
  maxBytes: 8 * 1024,
  tokens: ['\x1f\x8b\x08', '\x1f\x8b\x08\x1f', 'PK\x03\x04', 'BZh', '<html>', '\xff\xd8\xff', '\0\0\xff\xff'],
  seeds: async () => [
    gzipSync(plain),
    gzipSync(plain, { level: 0 }).subarray(0, 700),
    Buffer.concat([gzipSync(plain.subarray(0, 1000)), gzipSync(plain.subarray(1000))]),
    gzipSync('some text'),
    gzipSync(Buffer.alloc(100_000)),
    Buffer.from('<!doctype html>'),
    plain,
  ],
  read: async (bytes) => {
    const { value, error } = await inflated(bytes, 'gzip', false);
    const kept = await inflated(bytes, 'gzip', true);
    if (error?.code === 'ARCHIVE_TRUNCATED' && kept.value?.cut) {
      const start = gunzip(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
      holds(start !== undefined && kept.value.plain?.equals(start) === true, 'of a cut stream all is kept');
    }
    if (error) throw error;
    if (!value?.plain) return 'another form';
    holds(gunzip(bytes)?.equals(value.plain) === true, 'zlib gives the same bytes');
    holds(kept.value?.plain?.equals(value.plain) === true && !kept.value.cut, 'a whole stream is not cut');
    return 'inflated';
  },
};
