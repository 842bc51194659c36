/** How EXIF says that a picture is to be turned, out of a JPEG's application segment. The tags are those of TIFF 6.0. */

/** As EXIF counts: 1 is upright; 3, 6 and 8 are turned; 2, 4, 5 and 7 are mirrored, too. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const MARK = Buffer.from('Exif\0\0', 'latin1');
const LITTLE_ENDIAN = 0x4949;
const BIG_ENDIAN = 0x4d4d;
const TIFF_VERSION = 42;
const ENTRY_BYTES = 12;
const ORIENTATION = 0x0112;
const SHORT = 3;

/**
 * Looks into the first directory of an APP1 segment, which takes no longer than the segment is.
 *
 * @param segment What follows its length.
 * @returns Undefined where it is not EXIF, is damaged, or has no orientation from 1 to 8: readers then take it for upright.
 */
export function readOrientation(segment: Buffer): Orientation | undefined {
  if (!segment.subarray(0, MARK.length).equals(MARK)) return undefined;
  const tiff = segment.subarray(MARK.length);
  const read = readerOf(tiff);
  if (read?.(2, 2) !== TIFF_VERSION) return undefined;
  const directory = read(4, 4) ?? tiff.length;
  const entries = read(directory, 2) ?? 0;
  for (let n = 0, at = directory + 2; n < entries && at + ENTRY_BYTES <= tiff.length; n++, at += ENTRY_BYTES) {
    if (read(at, 2) !== ORIENTATION) continue;
    return read(at + 2, 2) === SHORT ? asOrientation(read(at + 8, 2)) : undefined;
  }
  return undefined;
}

/** Takes only what counts as an orientation. */
export function asOrientation(value: number | undefined): Orientation | undefined {
  return value !== undefined && value >= 1 && value <= 8 ? (value as Orientation) : undefined;
}

/** Reads numbers in the order of bytes that a TIFF header states; undefined for those that it does not wholly have. */
function readerOf(tiff: Buffer): ((at: number, bytes: 2 | 4) => number | undefined) | undefined {
  if (tiff.length < 8) return undefined;
  const order = tiff.readUInt16BE(0);
  if (order !== LITTLE_ENDIAN && order !== BIG_ENDIAN) return undefined;
  return (at, bytes) => {
    if (at + bytes > tiff.length) return undefined;
    return order === BIG_ENDIAN ? tiff.readUIntBE(at, bytes) : tiff.readUIntLE(at, bytes);
  };
}
