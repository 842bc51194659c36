import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { CodedError, toCodedError } from '@bluewaters/errors';
import { indexKeys } from '@bluewaters/records';
import { openSource, type ObjectStore, type SourceFile, type SourceName } from '@bluewaters/storage';
import { z } from 'zod';
import { assertArchive, EXPECTED_ARCHIVE } from './archive-form.js';
import { ReadAhead } from './read-ahead.js';
import { getIfThere, parseJson } from './synset-result.js';

const CHUNK_BYTES = 1024 * 1024;
/** Pictures don't shrink in gzip; even tiny ones, padded to blocks of a tar, do so less than this. */
const LARGEST_RATIO = 200;
/** Below this nothing is a bomb, whatever its ratio. */
const HARMLESS_BYTES = 256 * 1024 * 1024;

/** What inflating needs beside the archive. */
export interface InflateContext {
  readonly store: ObjectStore;
  readonly dataset: string;
  /** A folder with room for the plain archive. */
  readonly scratch: string;
  readonly signal: AbortSignal;
  /** Told compressed bytes read so far, and their total. */
  readonly onProgress: (done: number, total: number) => void;
  /** Called before anything that an older index names is replaced. */
  readonly beforeReplacing: () => Promise<void>;
}

/** What `archive.tar` was inflated from, in `archive.json`; written after it. */
const Origin = z.strictObject({ source: z.unknown(), version: z.string(), size: z.int().nonnegative() });

/**
 * Where the archive's plain bytes are. A gzip stream, known by its first bytes and not by its name, is inflated into the
 * store once, since its members can't be found by offset; a plain archive stays where it is.
 *
 * @throws {CodedError} ARCHIVE_INVALID for what never was a tar, a damaged stream, or one that inflates beyond reason;
 * ARCHIVE_TRUNCATED for one that was cut, STORE_FULL, INTERRUPTED.
 */
export async function plainArchive(images: SourceName, context: InflateContext): Promise<SourceName> {
  await using source = await openSource(context.store, images);
  const compressed = await isGzip(source);
  const key = indexKeys.archive(context.dataset);
  if (compressed && (await isInflated(images, source, context))) return { key };
  await assertArchive(source, compressed);
  if (!compressed) return images;
  await context.beforeReplacing();
  await context.store.delete(indexKeys.archiveOrigin(context.dataset));
  const size = await inflateInto(key, source, context);
  const origin = { source: images, version: source.version, size };
  await context.store.put(indexKeys.archiveOrigin(context.dataset), JSON.stringify(origin));
  return { key };
}

async function isGzip(source: SourceFile): Promise<boolean> {
  if (source.size < 2) return false;
  const start = await source.read({ offset: 0, length: 2 });
  return start[0] === 0x1f && start[1] === 0x8b;
}

async function isInflated(images: SourceName, source: SourceFile, context: InflateContext): Promise<boolean> {
  const bytes = await getIfThere(context.store, indexKeys.archiveOrigin(context.dataset));
  const origin = Origin.safeParse(bytes && parseJson(bytes)).data;
  if (JSON.stringify(origin?.source) !== JSON.stringify(images) || origin?.version !== source.version) return false;
  return (await context.store.stat(indexKeys.archive(context.dataset)))?.size === origin.size;
}

/** @returns bytes of the plain archive. */
async function inflateInto(key: string, source: SourceFile, context: InflateContext): Promise<number> {
  const folder = await mkdtemp(join(context.scratch, 'bluewaters-inflate-')).catch((error: unknown) => {
    throw toCodedError(error);
  });
  try {
    const path = join(folder, 'archive.tar');
    await inflate(source, path, context);
    return (await context.store.putFile(key, path)).size;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function inflate(source: SourceFile, path: string, context: InflateContext): Promise<void> {
  let read = 0;
  const chunks = async function* (): AsyncGenerator<Buffer> {
    const ahead = new ReadAhead(source, { start: 0, end: source.size }, CHUNK_BYTES);
    for (; read < source.size; context.onProgress(read, source.size)) {
      const chunk = await ahead.read(read, Math.min(CHUNK_BYTES, source.size - read));
      read += chunk.length;
      yield chunk;
    }
  };
  const guard = bombGuard(source.file, () => read);
  try {
    await pipeline(Readable.from(chunks()), createGunzip(), guard, createWriteStream(path), { signal: context.signal });
  } catch (error) {
    throw context.signal.aborted
      ? new CodedError('INTERRUPTED', 'Inflating an archive was stopped')
      : inflateError(error, source.file, read);
  }
}

function bombGuard(file: string, compressed: () => number): Transform {
  let plain = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      plain += chunk.length;
      const isBomb = plain > HARMLESS_BYTES && plain > LARGEST_RATIO * compressed();
      done(
        isBomb
          ? archiveError('ARCHIVE_INVALID', { file, offset: compressed(), got: `over ${plain} bytes out of it` })
          : null,
        chunk,
      );
    },
  });
}

function inflateError(error: unknown, file: string, offset: number): CodedError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'Z_BUF_ERROR')
    return archiveError('ARCHIVE_TRUNCATED', { file, offset, got: 'the end of the file' }, error);
  if (String(code).startsWith('Z_')) {
    return archiveError('ARCHIVE_INVALID', { file, offset, got: (error as Error).message }, error);
  }
  return toCodedError(error);
}

function archiveError(
  code: 'ARCHIVE_INVALID' | 'ARCHIVE_TRUNCATED',
  place: { readonly file: string; readonly offset: number; readonly got: string },
  cause?: unknown,
): CodedError {
  return new CodedError(code, 'An archive cannot be inflated', {
    details: { ...place, expected: EXPECTED_ARCHIVE },
    ...(cause === undefined ? {} : { cause }),
  });
}
