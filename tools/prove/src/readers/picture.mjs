/** What is said of a picture without decoding it, and what libvips makes of the same bytes. */
import { assertDecodes, encodePng, inspectImage, repairImage, thumbnail } from '@bluewaters/images';
import { syntheticJpeg } from '../../../../libs/testing/dist/synthetic/jpeg.js';
import { holds, outcome, same } from './reader.mjs';

const SOURCE = { file: 'given', offset: 512 };
const LIMITS = { maxBytes: 8 * 1024, maxPixels: 1_000_000 };

/** One pixel each. */
const GIF = 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';
const WEBP = 'UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==';

/** @type {import('./reader.mjs').Reader} */
export const reader = {
  codes: ['IMAGE_INVALID', 'IMAGE_TOO_LARGE'],
  scripts: [
    '/inspect.js',
    '/jpeg-walk.js',
    '/exif.js',
    '/jpeg-tables.js',
    '/jpeg-codes.js',
    '/repair.js',
    '/decode.js',
    '/limits.js',
    '/thumbnail.js',
  ],
  maxBytes: LIMITS.maxBytes + 100,
  tokens: ['\xff\xd8\xff', '\x89PNG\r\n\x1a\n', 'IHDR', 'IDAT', 'iCCP', 'GIF89a', 'RIFF', 'WEBP', 'VP8X', 'Exif\0\0'],
  seeds: async (damaged) => [
    await syntheticJpeg({ width: 9, height: 7 }),
    await syntheticJpeg({ width: 9, height: 7, channels: 1 }),
    await syntheticJpeg({ width: 9, height: 7, channels: 4 }),
    Buffer.from(await encodePng(new Uint8Array(5 * 4 * 3).fill(99), { width: 5, height: 4, channels: 3 })),
    Buffer.from(await encodePng(new Uint8Array(5 * 4).fill(99), { width: 5, height: 4, channels: 1 })),
    Buffer.from(GIF, 'base64'),
    Buffer.from(WEBP, 'base64'),
    ...damaged(/images\/.*\.JPEG$/u, LIMITS.maxBytes),
  ],
  read: async (bytes) => {
    const facts = await inspectImage(bytes, SOURCE, LIMITS);
    const { width, height, channels, readable } = facts;
    holds(width > 0 && height > 0 && width * height <= LIMITS.maxPixels, `${width} x ${height} are within the limits`);
    holds(channels === 1 || channels === 3, 'grey or colour');
    const decodes = await outcome(() => assertDecodes(bytes, facts, SOURCE, LIMITS));
    const small = await outcome(() => thumbnail(bytes, { ...SOURCE, side: 4, limits: LIMITS }));
    if (!decodes.error) holds(small.value !== undefined && small.value.width <= 4, 'what decodes has a small copy');
    if (readable) return decodes.error ? 'readable, damaged' : 'readable';
    const { encoded, ...size } = await repairImage(bytes, SOURCE, LIMITS);
    same({ value: size }, { value: { width, height } }, 'a repaired picture has the size of the original');
    const again = await inspectImage(encoded, SOURCE);
    same(
      { value: again },
      { value: { width, height, channels: 3, format: 'jpeg', readable: true } },
      'a repaired picture needs no repair',
    );
    return `repaired ${facts.reason}`;
  },
};
