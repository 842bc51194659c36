import { CodedError } from '@bluewaters/errors';
import {
  BLOCK_BYTES,
  readHeader,
  readPax,
  readText,
  TarFault,
  type MemberKind,
  type TarHeader,
  type TarLink,
} from './tar-header.js';

/** One member of a tar, found by its header; its bytes are where they were. */
export interface TarMember {
  readonly kind: MemberKind;
  /** As the archive has it: may be absolute, hold `..` or anything else. Never a path to write to. */
  readonly name: string;
  /** Of the member's bytes, from the start of the source. */
  readonly offset: number;
  /** In bytes. */
  readonly size: number;
  /** Permissions, where it comes from a tar. */
  readonly mode?: number;
  /** Of links. */
  readonly link?: TarLink;
  /** Set where the part ends before the member does. */
  readonly cut?: true;
}

/** The part of a source that is a tar. */
export interface TarPart {
  /** Names the tar in errors: `Images.tar`, `Images.tar/n01440764.tar`. */
  readonly file: string;
  /** Of the tar's first byte, from the start of the source. */
  readonly start: number;
  /** Of the byte after its last, from the start of the source. */
  readonly end: number;
  /** Reads within the part, by offsets from the start of the source. */
  readonly read: (offset: number, length: number) => Promise<Buffer>;
}

/** Longer names and PAX headers are no names. */
const LONGEST_EXTENSION_BYTES = 1024 * 1024;

/**
 * The members of a tar in archive order. Reads headers only. The closing zero blocks may be missing. A file that the end of
 * the part cuts is given first, then the error: what lies before the cut may be of use.
 *
 * @throws {CodedError} ARCHIVE_INVALID or ARCHIVE_TRUNCATED, naming the tar, the offset from the start of the source, and
 * what was found there.
 */
export async function* walkTar(part: TarPart): AsyncGenerator<TarMember> {
  let extension: Extension = {};
  for (let at = part.start; at < part.end; ) {
    const header = await headerAt(part, at);
    if (header.kind === 'end') return;
    const offset = at + BLOCK_BYTES;
    const size = 'name' in header ? (extension.size ?? header.size) : header.size;
    const name = 'name' in header ? (extension.name ?? header.name) : `a ${header.kind} header`;
    const cut = size > part.end - offset;
    if ('name' in header) {
      const link = header.link && { ...header.link, target: extension.target ?? header.link.target };
      yield { kind: header.kind, name, offset, size, mode: header.mode, ...(link && { link }), ...(cut && { cut }) };
      extension = {};
    }
    if (cut) throw truncated(part, offset, `${size} bytes of ${name}`);
    if (!('name' in header)) {
      extension = { ...extension, ...(await extensionAt(part, offset, header)) };
    }
    at = offset + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
}

/** What headers before a member say of it. */
interface Extension {
  readonly name?: string;
  readonly target?: string;
  readonly size?: number;
}

async function headerAt(part: TarPart, at: number): Promise<TarHeader> {
  if (part.end - at < BLOCK_BYTES) throw truncated(part, at, `${BLOCK_BYTES} bytes of a header`);
  const block = await part.read(at, BLOCK_BYTES);
  return parse(part, at, () => readHeader(block));
}

async function extensionAt(part: TarPart, at: number, header: TarHeader & { size: number }): Promise<Extension> {
  if (header.kind === 'other-extension') return {};
  if (header.size > LONGEST_EXTENSION_BYTES) throw invalid(part, at, `a ${header.kind} header of ${header.size} bytes`);
  const body = await part.read(at, header.size);
  if (header.kind === 'long-name') return { name: readText(body) };
  if (header.kind === 'long-link') return { target: readText(body) };
  const { path, linkpath, size } = parse(part, at, () => readPax(body));
  return {
    ...(path !== undefined && { name: path }),
    ...(linkpath !== undefined && { target: linkpath }),
    ...(size !== undefined && { size }),
  };
}

function parse<T>(part: TarPart, at: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof TarFault ? invalid(part, at, error.message) : error;
  }
}

function invalid(part: TarPart, offset: number, got: string): CodedError {
  return new CodedError('ARCHIVE_INVALID', 'This is not a tar archive', {
    details: { file: part.file, offset, expected: 'a tar header', got },
  });
}

function truncated(part: TarPart, offset: number, expected: string): CodedError {
  return new CodedError('ARCHIVE_TRUNCATED', 'An archive ends in the middle of a member', {
    details: { file: part.file, offset, expected, got: `${Math.max(0, part.end - offset)} bytes` },
  });
}
