/**
 * Tar headers: ustar, with PAX and GNU long names. Own code, because only headers are wanted: the well-kept readers come
 * with extraction, and take a stream from its start, where members are to be found by offset and nothing unpacked.
 */

/** Tar works in blocks of so many bytes. */
export const BLOCK_BYTES = 512;

/** What a member is. Everything but files is left alone. */
export type MemberKind = 'file' | 'directory' | 'link' | 'special';

const HARD_LINK = '1'.charCodeAt(0);

/** One header block. */
export type TarHeader =
  | { readonly kind: 'end' }
  /** Describes the member after it; `size` bytes of records or of a name follow. */
  | { readonly kind: 'pax' | 'long-name' | 'long-link' | 'other-extension'; readonly size: number }
  | {
      readonly kind: MemberKind;
      readonly name: string;
      readonly size: number;
      /** Permissions. */
      readonly mode: number;
      /** Of links. */
      readonly link?: TarLink;
    };

/** Where a link leads: a hard one to a member of the archive, a symbolic one to whatever is there. */
export interface TarLink {
  readonly kind: 'hard' | 'symbolic';
  /** As the archive has it. */
  readonly target: string;
}

/** Why a block is no header; callers add where it stands. */
export class TarFault extends Error {
  override readonly name = 'TarFault';
}

const KINDS: Readonly<Record<string, TarHeader['kind']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'link',
  '5': 'directory',
  x: 'pax',
  X: 'pax',
  L: 'long-name',
  N: 'long-name',
  g: 'other-extension',
  K: 'long-link',
};

/**
 * Reads a header block.
 *
 * @throws {TarFault} when its checksum or size is wrong.
 */
export function readHeader(block: Buffer): TarHeader {
  if (block.every((byte) => byte === 0)) return { kind: 'end' };
  assertChecksum(block);
  const kind = KINDS[String.fromCharCode(block[156]!)] ?? 'special';
  const size = readNumber(block.subarray(124, 136));
  if (kind === 'pax' || kind === 'long-name' || kind === 'long-link' || kind === 'other-extension')
    return { kind, size };
  const name = readName(block);
  // Before ustar a directory was a file whose name ends with a slash. Links carry a size that means nothing.
  const mode = readMode(block);
  if (kind === 'directory' || (kind === 'file' && name.endsWith('/')))
    return { kind: 'directory', name, size: 0, mode };
  if (kind !== 'link') return { kind, name, size, mode };
  const target = readText(block.subarray(157, 257));
  return { kind, name, size: 0, mode, link: { kind: block[156] === HARD_LINK ? 'hard' : 'symbolic', target } };
}

/** What PAX records say of the member after them. */
export interface PaxFields {
  readonly path?: string;
  readonly linkpath?: string;
  readonly size?: number;
}

/**
 * Reads the body of a PAX header: `<length> <key>=<value>\n` records.
 *
 * @throws {TarFault} when a record is not in that form.
 */
export function readPax(body: Buffer): PaxFields {
  const fields: { path?: string; linkpath?: string; size?: number } = {};
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const space = body.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(body.toString('latin1', at, space));
    const record = body.toString('utf8', space + 1, at + length);
    const equals = record.indexOf('=');
    if (!Number.isInteger(length) || at + length > body.length || equals < 0 || !record.endsWith('\n')) {
      throw new TarFault('a PAX record that is not in its form');
    }
    const value = record.slice(equals + 1, -1);
    if (record.startsWith('path=')) fields.path = value;
    if (record.startsWith('linkpath=')) fields.linkpath = value;
    if (record.startsWith('size=')) fields.size = asSize(Number(value));
    at += length;
  }
  return fields;
}

/** A C string: up to the first zero byte. */
export function readText(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

function readName(block: Buffer): string {
  const name = readText(block.subarray(0, 100));
  // GNU's own format has other fields where POSIX has the prefix.
  const posix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = posix ? readText(block.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Of no use to most, so that what is none counts as 0 and not as damage. */
function readMode(block: Buffer): number {
  return (Number.parseInt(block.toString('latin1', 100, 108), 8) || 0) & 0o7777;
}

function assertChecksum(block: Buffer): void {
  // The checksum's own eight bytes count as spaces.
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK_BYTES; i++) if (i < 148 || i >= 156) sum += block[i]!;
  const stored = readNumber(block.subarray(148, 156));
  if (stored !== sum) throw new TarFault(`header checksum ${stored}, where its bytes give ${sum}`);
}

/** Octal digits, or a binary number after a byte 0x80 for sizes of 8 GiB and more. */
function readNumber(field: Buffer): number {
  if (field[0]! >= 0x80) return readBinary(field);
  const digits = field
    .toString('latin1')
    .replace(/[\0 ]+$/u, '')
    .trimStart();
  if (!/^[0-7]*$/u.test(digits)) throw new TarFault('a header with a number that is not octal');
  return asSize(Number.parseInt(digits === '' ? '0' : digits, 8));
}

function readBinary(field: Buffer): number {
  if (field[0] !== 0x80) throw new TarFault('a header with a negative number');
  return asSize(field.subarray(1).reduce((value, byte) => value * 256 + byte, 0));
}

function asSize(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new TarFault('a header with a size that cannot be');
}
