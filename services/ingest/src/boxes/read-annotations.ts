/**
 * Walks an archive of annotations: a tar of XML files, or of a tar for each synset, plain or gzip, as ImageNet gives them.
 * Everything in it is hostile: what is inside is inflated up to a bound, and nothing is written anywhere.
 */
import { constants, gunzipSync } from 'node:zlib';
import { CodedError } from '@bluewaters/errors';
import type { SourceFile } from '@bluewaters/storage';
import { isDesktopLitter, safeBaseName } from '../names.js';
import { ReadAhead } from '../read-ahead.js';
import { asRefusal, type Refusal } from '../refusal.js';
import { walkTar, type TarMember } from '../tar-walk.js';

const WINDOW_BYTES = 1024 * 1024;
/** A synset has at most some thousand annotations, of 1.5 KB each in a tar. */
const MOST_INNER_BYTES = 64 * 1024 * 1024;

/** An annotation that has not been parsed. */
export interface AnnotationText {
  readonly kind: 'annotation';
  readonly file: string;
  /** Of the member of the outer tar that it came in. */
  readonly offset: number;
  /** Of the folder or inner archive that it came in, where that is named by one. */
  readonly synset: string | undefined;
  /** Its file's name without its ending: the picture's. */
  readonly id: string;
  readonly text: string;
}

/** What the walk gives. */
export type Found = AnnotationText | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Where something lies, for errors and for what it belongs to. */
interface Place {
  readonly file: string;
  /** From the start of the plain outer archive. */
  readonly offset: number;
  readonly synset: string | undefined;
}

/**
 * The annotations of a plain archive. What cannot be read on is a refusal, and what came before is given.
 *
 * @param file As the user named the archive.
 * @throws {CodedError} ARCHIVE_INVALID, ARCHIVE_TRUNCATED where the outer tar cannot be read from its start.
 */
export async function* readAnnotations(source: SourceFile, file: string): AsyncGenerator<Found> {
  const part = { start: 0, end: source.size };
  const ahead = new ReadAhead(source, part, WINDOW_BYTES);
  let members = 0;
  try {
    for await (const member of walkTar({ ...part, file, read: (at, length) => ahead.read(at, length) })) {
      if (member.cut) continue;
      members++;
      const place = { file: `${file}/${member.name}`, offset: member.offset, synset: synsetIn(member.name) };
      yield* readMember(member, place, () => ahead.read(member.offset, member.size));
    }
  } catch (error) {
    if (members === 0) throw error;
    yield refused(error);
  }
}

async function* readMember(member: TarMember, place: Place, read: () => Promise<Buffer>): AsyncGenerator<Found> {
  const name = safeBaseName(member.name);
  if (member.kind === 'directory' || (name !== undefined && isDesktopLitter(name))) return;
  if (member.kind !== 'file' || name === undefined)
    yield refused(invalid(place, 'a link, or a name that leads elsewhere'));
  else if (member.size > MOST_INNER_BYTES) yield refused(invalid(place, `${member.size} bytes`));
  else if (/\.xml$/iu.test(name)) yield annotation(name, place, await read());
  else if (/\.(?:tar|tgz|tar\.gz)$/iu.test(name)) yield* readInner(await read(), place);
}

/** The annotations of one synset. */
async function* readInner(bytes: Buffer, place: Place): AsyncGenerator<Found> {
  const { tar, fault } = plainBytes(bytes, place);
  if (fault) yield refused(fault);
  const part = { file: place.file, start: 0, end: tar.length };
  const read = async (at: number, length: number): Promise<Buffer> => tar.subarray(at, at + length);
  try {
    for await (const member of walkTar({ ...part, read })) {
      const name = safeBaseName(member.name);
      const within = { ...place, file: `${place.file}/${member.name}`, synset: synsetIn(member.name) ?? place.synset };
      if (member.kind === 'directory' || member.cut || (name !== undefined && isDesktopLitter(name))) continue;
      if (member.kind !== 'file' || name === undefined)
        yield refused(invalid(within, 'a link, or a name that leads elsewhere'));
      else if (/\.xml$/iu.test(name)) yield annotation(name, within, await read(member.offset, member.size));
    }
  } catch (error) {
    // A stream that ends too early has been told already.
    if (!fault) yield { kind: 'refused', refusal: { ...asRefusal(error), offset: place.offset } };
  }
}

/** @returns no bytes and the fault where nothing can be had; bytes and the fault where the stream is cut. */
function plainBytes(bytes: Buffer, place: Place): { tar: Buffer; fault?: CodedError } {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return { tar: bytes };
  const options = { maxOutputLength: MOST_INNER_BYTES };
  try {
    return { tar: gunzipSync(bytes, options) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code !== 'Z_BUF_ERROR') return { tar: Buffer.alloc(0), fault: invalid(place, describeFault(error, code)) };
    const details = { file: place.file, offset: place.offset, got: 'the end of the stream' };
    const fault = new CodedError('ARCHIVE_TRUNCATED', 'An archive of annotations is cut', { details, cause: error });
    return { tar: gunzipSync(bytes, { ...options, finishFlush: constants.Z_SYNC_FLUSH }), fault };
  }
}

function describeFault(error: unknown, code: unknown): string {
  return code === 'ERR_BUFFER_TOO_LARGE' ? `over ${MOST_INNER_BYTES} bytes out of it` : String(error);
}

function annotation(name: string, { file, offset, synset }: Place, bytes: Buffer): AnnotationText {
  const id = name.replace(/\.xml$/iu, '');
  return { kind: 'annotation', file, offset, synset, id, text: bytes.toString('utf8') };
}

/** The synset of `…/n01440764/x.xml` or `…/n01440764.tar.gz`. */
function synsetIn(name: string): string | undefined {
  return /(?:^|\/)(n\d{8})(?:\/[^/]+|\.tar|\.tar\.gz|\.tgz)$/u.exec(name)?.[1];
}

function refused(error: unknown): Found {
  return { kind: 'refused', refusal: asRefusal(error) };
}

function invalid({ file, offset }: Place, got: string): CodedError {
  return new CodedError('ARCHIVE_INVALID', 'A member of an archive of annotations cannot be taken', {
    details: { file, offset, expected: 'XML, or a tar of XML for each synset, plain or gzip', got },
  });
}
