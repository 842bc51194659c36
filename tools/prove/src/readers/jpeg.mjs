/** The walk along the segments of a JPEG file. */
import { encodeJpeg } from '@bluewaters/images';
import { startsAsJpeg, walkJpeg } from '../../../../libs/images/dist/jpeg-walk.js';
import { holds, same } from './reader.mjs';

/** Segments that are short, and that a decoder would not take: the walk looks at no more than their heads. */
const FRAME = 'ffc0000b080010001001011100';
const SCAN = 'ffda0008010100003f000102ff0003ffd004';
/** To be turned, in either order of bytes; the second after another entry. */
const BIG = 'ffe1001e457869660000' + '4d4d002a00000008' + '0001' + '011200030000000100060000';
const LITTLE =
  'ffe1002a457869660000' + '49492a0008000000' + '0200' + '000103000100000010000000' + '120103000100000008000000';
/** @param {...string} parts In hexadecimal. */
const jpeg = (...parts) => Buffer.from(['ffd8', ...parts, 'ffd9'].join(''), 'hex');
const pixels = Uint8Array.from({ length: 8 * 8 * 3 }, (_, n) => (n * 37) % 256);

/** @type {import('./reader.mjs').Reader} */
export const reader = {
  codes: [],
  scripts: ['/jpeg-walk.js', '/exif.js'],
  maxBytes: 8 * 1024,
  largestBytes: 4 << 20,
  tokens: ['\xff\xd8', '\xff\xd9', '\xff\xda', '\xff\xc0', '\xff\xc2', '\xff\xc4', '\xff\xd0', '\xff\xff', '\xff\0'],
  mend: (bytes) => Buffer.concat([Buffer.from('ffd8ff', 'hex'), bytes.subarray(3)]),
  seeds: async (damaged) => [
    jpeg(FRAME, SCAN),
    jpeg('ffe000040000', FRAME, SCAN, SCAN),
    jpeg('ffff', FRAME, 'fffe0003aa', SCAN),
    jpeg(BIG, FRAME, SCAN),
    jpeg(LITTLE, FRAME, SCAN),
    jpeg(SCAN),
    jpeg('01ff02'),
    Buffer.from(await encodeJpeg(pixels, { width: 8, height: 8, channels: 3, quality: 90 })),
    ...damaged(/\.JPEG$/u, 8 * 1024),
  ],
  read: async (bytes) => {
    if (!startsAsJpeg(bytes)) return 'another form';
    const walked = walkJpeg(bytes);
    const { at, fault, frame } = walked;
    holds(at >= 2 && at <= bytes.length, `it ends within the file: got ${at} of ${bytes.length}`);
    const within = Buffer.concat([Buffer.from('ffd9', 'hex'), bytes, Buffer.from('ffd9', 'hex')]);
    same({ value: walked }, { value: walkJpeg(within.subarray(2, -2)) }, 'the same bytes within others');
    if (fault !== undefined) return `${fault.replace(/0x\w+/u, '')} ${frame !== undefined}`;
    holds(frame !== undefined, 'a whole picture has a frame');
    same(
      { value: walked },
      { value: walkJpeg(Buffer.concat([bytes, Buffer.from('ffda', 'hex')])) },
      'more behind the end',
    );
    same({ value: walked }, { value: walkJpeg(bytes.subarray(0, at)) }, 'nothing behind the end');
    holds(walkJpeg(bytes.subarray(0, at - 1)).fault !== undefined, 'without its last byte it is not whole');
    return 'whole';
  },
};
