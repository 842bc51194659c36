import { constants, gunzipSync } from 'node:zlib';
import { CodedError } from '@bluewaters/errors';
import type { SourceFile } from '@bluewaters/storage';
import type { Compression } from './decompress.js';
import { BLOCK_BYTES, readHeader } from './tar-header.js';

/** What an archive is, as one word of advice. */
export const EXPECTED_ARCHIVE = 'a tar, plain or gzip or zstd, of <synset>.tar members';

/** Of a gzip stream, enough for the first block of its plain bytes. */
const GZIP_START_BYTES = 16 * 1024;

/** How files that people take for archives begin, in hexadecimal. */
const FORMS: readonly (readonly [string, string])[] = [
  ['504b0304', 'a zip file'],
  ['504b0506', 'an empty zip file'],
  ['425a68', 'a bzip2 stream'],
  ['fd377a585a00', 'an xz stream'],
  ['377abcaf271c', 'a 7z file'],
  ['526172211a07', 'a rar file'],
  ['ffd8ff', 'a JPEG picture'],
  ['89504e47', 'a PNG picture'],
];

/**
 * Refuses a file that never was a tar, before anything is made of it; a tar that is cut or damaged is for the walk to
 * tell, and an empty file holds nothing to judge by.
 *
 * @param compression Of a gzip stream the plain bytes are looked at; of a zstd stream the walk sees them first.
 * @throws {CodedError} ARCHIVE_INVALID that says what the file seems to be.
 */
export async function assertArchive(source: SourceFile, compression: Compression | undefined): Promise<void> {
  if (compression === 'zstd') return;
  const bytes = await startOf(source, compression ? GZIP_START_BYTES : BLOCK_BYTES);
  const start = compression ? inflateStart(bytes) : bytes;
  if (start.length === 0 || startsTar(start)) return;
  const got = `${describeForm(start)}${compression ? ', inflated' : ''}`;
  throw new CodedError('ARCHIVE_INVALID', 'This is not an archive of pictures', {
    details: { file: source.file, offset: 0, expected: EXPECTED_ARCHIVE, got },
  });
}

/** True for what begins as a plain tar does, or did before it was damaged. */
export async function isTar(source: SourceFile): Promise<boolean> {
  return startsTar(await startOf(source, BLOCK_BYTES));
}

async function startOf(source: SourceFile, bytes: number): Promise<Buffer> {
  return Buffer.from(await source.read({ offset: 0, length: Math.min(source.size, bytes) }));
}

/** Empty where the stream is damaged from its start: inflating all of it tells where. */
function inflateStart(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, BLOCK_BYTES);
  } catch {
    return Buffer.alloc(0);
  }
}

/** A whole header, or what was one: POSIX and GNU leave their mark in it. */
function startsTar(start: Buffer): boolean {
  if (start.toString('latin1', 257, 262) === 'ustar') return true;
  if (start.length < BLOCK_BYTES) return false;
  try {
    readHeader(start);
    return true;
  } catch {
    return false;
  }
}

function describeForm(start: Buffer): string {
  const hex = start.toString('hex');
  const known = FORMS.find(([magic]) => hex.startsWith(magic));
  if (known) return known[1];
  const text = start.toString('utf8').replace(/\uFFFD$/u, '');
  if (/^\s*<(?:!doctype\s+html|html)/iu.test(text)) return 'an HTML page, as servers send instead of a file';
  // eslint-disable-next-line no-control-regex -- what text never holds
  if (/[\u0000-\u0008\u000e-\u001f\uFFFD]/u.test(text)) return `bytes that begin with ${hex.slice(0, 16)}`;
  return `text: "${text.slice(0, 40).replace(/\s+/gu, ' ').trim()}"`;
}
