/**
 * Reads all codes of a baseline JPEG without making pixels of them. What can be wrong with pixels is wrong with the codes:
 * from coefficients to colours there is nothing left that can fail. It takes a fifth of the time that decoding takes.
 */
import { END_OF_BLOCK, LOOKUP_BITS, readBaselineTables, type BaselineScan, type CodeTable } from './jpeg-tables.js';

const EOI = 0xd9;
const RST0 = 0xd0;
const COEFFICIENTS = 64;
/** One code takes 16 coefficients at most, so that of two from here on the first cannot be the block's last. */
const LAST_BEFORE_PAIR = COEFFICIENTS - 17;
/** No byte. */
const END = -1;

/**
 * True for a baseline JPEG that every strict decoder decodes without a warning: all its coefficients are there, and not a
 * bit more. False means nothing: progressive and other rare pictures are not looked at, and whether damage is such that a
 * decoder minds is for a decoder to say.
 *
 * @param bytes Start as a JPEG file does.
 */
export function isWholeBaseline(bytes: Buffer): boolean {
  const scan = readBaselineTables(bytes);
  return scan !== undefined && new CodeReader(bytes, scan.at).readAll(scan);
}

class CodeReader {
  private readonly bytes: Buffer;
  private at: number;
  /** The last `count` bits are those that come next. */
  private bits = 0;
  private count = 0;
  /** How many of them were made up, behind the last byte. */
  private invented = 0;

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  /** From the first code to the end-of-image marker. */
  readAll(scan: BaselineScan): boolean {
    const interval = scan.restartInterval === 0 ? scan.units : scan.restartInterval;
    for (let from = 0, restarts = 0; from < scan.units; from += interval, restarts++) {
      if (from > 0 && !this.takeMarker(RST0 + ((restarts - 1) & 7))) return false;
      if (!this.readUnits(scan, Math.min(interval, scan.units - from))) return false;
    }
    return this.takeMarker(EOI);
  }

  private readUnits({ components }: BaselineScan, units: number): boolean {
    for (let unit = 0; unit < units; unit++) {
      for (const { blocks, dc, ac } of components) {
        for (let block = 0; block < blocks; block++) if (!this.readBlock(dc, ac)) return false;
      }
    }
    return true;
  }

  /** One loop over local variables, since it is nearly all of the time. */
  private readBlock(dc: CodeTable, ac: CodeTable): boolean {
    const { bytes } = this;
    let { bits, count, at } = this;
    let codes = dc.short;
    let coefficients = 0;
    while (coefficients < COEFFICIENTS) {
      if (count <= 16 && areTwoPlain(bytes, at)) {
        bits = (bits << 16) | (bytes[at]! << 8) | bytes[at + 1]!;
        at += 2;
        count += 16;
      }
      for (; count <= 16; count += 8) {
        const byte = byteOfCodes(bytes, at);
        if (byte === END) this.invented += 8;
        else at += byte === 0xff ? 2 : 1;
        bits = (bits << 8) | (byte === END ? 0 : byte);
      }
      let found = codes[(bits >>> (count - LOOKUP_BITS)) & ((1 << LOOKUP_BITS) - 1)]!;
      if (found === 0) found = longCode(coefficients === 0 ? dc : ac, (bits >>> (count - 16)) & 0xffff);
      if (found === 0) return false;
      count -= found >> 8;
      coefficients += found & 0xff;
      codes = coefficients <= LAST_BEFORE_PAIR ? ac.pairs : ac.short;
    }
    this.bits = bits;
    this.count = count;
    this.at = at;
    // Of a run of zeros that leads beyond the block decoders make nothing, but it is no sign of health.
    const isExact = coefficients === COEFFICIENTS || coefficients >= END_OF_BLOCK;
    // Below 0 where a long value reaches into bytes that are not read yet.
    return isExact && (this.invented === 0 || count >= this.invented);
  }

  /** Whether the marker comes next, behind nothing but the rest of a byte. */
  private takeMarker(code: number): boolean {
    const left = this.count - this.invented;
    if (left < 0 || left > 7 || this.bytes[this.at] !== 0xff || this.bytes[this.at + 1] !== code) return false;
    this.at += 2;
    this.bits = this.count = this.invented = 0;
    return true;
  }
}

/** Whether two bytes follow of which neither stands for anything else. */
function areTwoPlain(bytes: Buffer, at: number): boolean {
  return at + 1 < bytes.length && bytes[at] !== 0xff && bytes[at + 1] !== 0xff;
}

/** The next byte of codes, where 0xff has a zero behind it; {@link END} before a marker and at the end. */
function byteOfCodes(bytes: Buffer, at: number): number {
  const byte = bytes[at] ?? END;
  return byte === 0xff && bytes[at + 1] !== 0 ? END : byte;
}

/** @param next 16 bits, of which the first are a code of more than {@link LOOKUP_BITS}. */
function longCode({ below, base, symbols }: CodeTable, next: number): number {
  for (let length = LOOKUP_BITS + 1; length <= 16; length++) {
    if (next < below[length]!) return symbols[base[length]! + (next >> (16 - length))]!;
  }
  return 0;
}
