/** Zstandard streams, by the program of that name. */
import { spawnSync } from 'node:child_process';
import { COMPRESSED, plainBytes } from './compressed.mjs';
import { holds } from './reader.mjs';
import { member, tar } from './tars.mjs';

const plain = tar(member('n01440764.tar', tar(member('n01440764_1.JPEG', 'not a picture'))));

/** @param {Buffer} bytes @param {readonly string[]} options */
const zstd = (bytes, options) => spawnSync('zstd', ['--stdout', '--quiet', ...options], { input: bytes }).stdout;

/** @type {import('./reader.mjs').Reader} */
export const reader = {
  ...COMPRESSED,
  // A block of four bytes may stand for 128 KiB.
  maxBytes: 1024,
  tokens: ['\x28\xb5\x2f\xfd', '\x50\x2a\x4d\x18', '\x02\0\x10'],
  seeds: async () => [zstd(plain, []), zstd(plain, ['--check', '-19']), zstd(Buffer.alloc(0), []), plain],
  read: async (bytes) => {
    const { plain } = await plainBytes(bytes, 'zstd', false);
    if (!plain) return 'another form';
    holds(zstd(bytes, ['--decompress']).equals(plain), 'the program gives the same bytes');
    return 'inflated';
  },
};
