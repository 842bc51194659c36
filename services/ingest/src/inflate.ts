import { open, type FileHandle } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CodedError, isCodedError, toCodedError } from '@bluewaters/errors';
import type { SourceFile } from '@bluewaters/storage';
import {
  archiveError,
  compressionBy,
  decompressionError,
  decompressor,
  MAGIC_BYTES,
  type Compression,
} from './decompress.js';
import { ReadAhead } from './read-ahead.js';

const CHUNK_BYTES = 1024 * 1024;
/** Pictures don't shrink in gzip; even tiny ones, padded to blocks of a tar, do so less than this. */
const LARGEST_RATIO = 200;
/** Below this nothing is a bomb, whatever its ratio. */
const HARMLESS_BYTES = 256 * 1024 * 1024;

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
  return compressionBy(await source.read({ offset: 0, length: Math.min(MAGIC_BYTES, source.size) }));
}

/**
 * Writes the plain bytes of a compressed source into a file.
 *
 * @returns the error that says where the stream is cut, where it is and what came before was to be kept.
 * @throws {CodedError} ARCHIVE_INVALID for a damaged stream, or one that inflates beyond reason; ARCHIVE_TRUNCATED for one
 * that was cut; TOOL_MISSING for zstd where neither Node nor the machine has it; STORE_FULL; INTERRUPTED.
 */
export async function inflate(source: SourceFile, options: InflateOptions): Promise<CodedError | undefined> {
  // Opened before anything can fail: a stream that opens its file for itself may fail while the file is still being opened,
  // and empties it when that comes to its end, after whatever was written by then.
  const file = await open(options.path, 'w').catch((error: unknown) => {
    throw toCodedError(error);
  });
  try {
    await inflateOnce(source, file, options, false);
    return undefined;
  } catch (error) {
    if (!options.keepCut || options.compression !== 'gzip' || !isCodedError(error, 'ARCHIVE_TRUNCATED')) throw error;
    // Whatever a failed stream had in its buffers is lost: once more, as if the cut were its end.
    await inflateOnce(source, file, options, true);
    return error;
  } finally {
    await file.close();
  }
}

async function inflateOnce(
  source: SourceFile,
  file: FileHandle,
  options: InflateOptions,
  cutIsEnd: boolean,
): Promise<void> {
  const { compression, signal, onProgress } = options;
  let read = 0;
  const chunks = async function* (): AsyncGenerator<Buffer> {
    const ahead = new ReadAhead(source, { start: 0, end: source.size }, CHUNK_BYTES);
    for (; read < source.size; onProgress(read, source.size)) {
      const chunk = await ahead.read(read, Math.min(CHUNK_BYTES, source.size - read));
      read += chunk.length;
      yield chunk;
    }
  };
  const decoder = decompressor(compression, source.file, cutIsEnd);
  const guard = bombGuard(source.file, () => read);
  try {
    await pipeline(Readable.from(chunks()), decoder, guard, (plain: AsyncIterable<Buffer>) => writeAll(plain, file), {
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw new CodedError('INTERRUPTED', 'Inflating an archive was stopped');
    throw decompressionError(error, source.file, read);
  }
}

/** Writes from the start of the file, whatever is in it. */
async function writeAll(chunks: AsyncIterable<Buffer>, file: FileHandle): Promise<void> {
  let position = 0;
  for await (const chunk of chunks) {
    for (let done = 0; done < chunk.length; ) {
      const { bytesWritten } = await file.write(chunk, done, chunk.length - done, position);
      done += bytesWritten;
      position += bytesWritten;
    }
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
