import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { Duplex, Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip } from 'node:zlib';
import { CodedError, isCodedError, toCodedError } from '@bluewaters/errors';
import type { SourceFile } from '@bluewaters/storage';
import { ReadAhead } from './read-ahead.js';

const CHUNK_BYTES = 1024 * 1024;
/** Pictures don't shrink in gzip; even tiny ones, padded to blocks of a tar, do so less than this. */
const LARGEST_RATIO = 200;
/** Below this nothing is a bomb, whatever its ratio. */
const HARMLESS_BYTES = 256 * 1024 * 1024;

/** What a file may be compressed by, known by its first bytes and not by its name. */
export type Compression = 'gzip' | 'zstd';

/** How inflating is watched and stopped. */
export interface InflateOptions {
  readonly compression: Compression;
  /** Where the plain bytes go. */
  readonly path: string;
  /** Keep what comes before the place where the stream is cut. */
  readonly keepCut: boolean;
  readonly signal: AbortSignal;
  /** Told compressed bytes read so far, and their total. */
  readonly onProgress: (done: number, total: number) => void;
}

/** Undefined for a file that is not compressed. */
export async function compressionOf(source: SourceFile): Promise<Compression | undefined> {
  const start = Buffer.from(await source.read({ offset: 0, length: Math.min(4, source.size) })).toString('hex');
  if (start.startsWith('1f8b')) return 'gzip';
  return start === '28b52ffd' ? 'zstd' : undefined;
}

/**
 * Writes the plain bytes of a compressed source into a file.
 *
 * @returns the error that says where the stream is cut, where it is and what came before was to be kept.
 * @throws {CodedError} ARCHIVE_INVALID for a damaged stream, or one that inflates beyond reason; ARCHIVE_TRUNCATED for one
 * that was cut; TOOL_MISSING for zstd where neither Node nor the machine has it; STORE_FULL; INTERRUPTED.
 */
export async function inflate(source: SourceFile, options: InflateOptions): Promise<CodedError | undefined> {
  try {
    await inflateOnce(source, options, false);
    return undefined;
  } catch (error) {
    if (!options.keepCut || options.compression !== 'gzip' || !isCodedError(error, 'ARCHIVE_TRUNCATED')) throw error;
    // Whatever a failed stream had in its buffers is lost: once more, as if the cut were its end.
    await inflateOnce(source, options, true);
    return error;
  }
}

async function inflateOnce(source: SourceFile, options: InflateOptions, cutIsEnd: boolean): Promise<void> {
  const { compression, path, signal, onProgress } = options;
  let read = 0;
  const chunks = async function* (): AsyncGenerator<Buffer> {
    const ahead = new ReadAhead(source, { start: 0, end: source.size }, CHUNK_BYTES);
    for (; read < source.size; onProgress(read, source.size)) {
      const chunk = await ahead.read(read, Math.min(CHUNK_BYTES, source.size - read));
      read += chunk.length;
      yield chunk;
    }
  };
  const decoder = compression === 'gzip' ? gunzip(cutIsEnd) : zstd(source.file);
  const guard = bombGuard(source.file, () => read);
  try {
    await pipeline(Readable.from(chunks()), decoder, guard, createWriteStream(path), { signal });
  } catch (error) {
    if (signal.aborted) throw new CodedError('INTERRUPTED', 'Inflating an archive was stopped');
    throw inflateError(error, source.file, read);
  }
}

function gunzip(cutIsEnd: boolean): Transform {
  return createGunzip(cutIsEnd ? { finishFlush: constants.Z_SYNC_FLUSH } : {});
}

/** The program of that name: the zlib of Node 20 has no zstd. */
function zstd(file: string): Duplex {
  const child = spawn('zstd', ['--decompress', '--stdout', '--quiet'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => (said = `${said}${bytes.toString()}`.slice(0, 1000)));
  const ended = new Promise<void>((resolve, reject) => {
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(zstdError(file, said));
    });
  });
  ended.catch(() => {});
  // A program that has ended takes no more bytes; why it ended is what is told.
  child.stdin.on('error', () => {});
  const decoder = Duplex.from({
    writable: child.stdin,
    readable: Readable.from(
      (async function* () {
        yield* child.stdout;
        await ended;
      })(),
    ),
  });
  // Where there is no program its pipes close, too, which must not be what is told.
  child.on('error', (cause) => {
    decoder.destroy(
      new CodedError('TOOL_MISSING', 'The archive is a zstd stream, and there is no program zstd', { cause }),
    );
  });
  return decoder;
}

function zstdError(file: string, said: string): CodedError {
  const code = /premature|incomplete|unexpected end/iu.test(said) ? 'ARCHIVE_TRUNCATED' : 'ARCHIVE_INVALID';
  return archiveError(code, { file, got: said.replace(/\s+/gu, ' ').trim() });
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
  if (code === 'Z_BUF_ERROR') {
    return archiveError('ARCHIVE_TRUNCATED', { file, offset, got: 'the end of the file' }, error);
  }
  if (String(code).startsWith('Z_')) {
    return archiveError('ARCHIVE_INVALID', { file, offset, got: (error as Error).message }, error);
  }
  return toCodedError(error);
}

function archiveError(
  code: 'ARCHIVE_INVALID' | 'ARCHIVE_TRUNCATED',
  place: { readonly file: string; readonly offset?: number; readonly got: string },
  cause?: unknown,
): CodedError {
  return new CodedError(code, 'An archive cannot be inflated', {
    details: { ...place, expected: 'a whole stream of a size within reason' },
    ...(cause === undefined ? {} : { cause }),
  });
}
