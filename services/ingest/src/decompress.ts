/** Compressed streams: which they are, what gives their plain bytes, and what it says of damaged ones. */
import { spawn } from 'node:child_process';
import { Duplex, type Transform } from 'node:stream';
import { constants, createGunzip } from 'node:zlib';
import { CodedError, toCodedError } from '@bluewaters/errors';

/** What a file may be compressed by, known by its first bytes and not by its name. */
export type Compression = 'gzip' | 'zstd';

/** Bytes by which {@link compressionBy} knows one. */
export const MAGIC_BYTES = 4;

/** Undefined for a file that is not compressed. @param start Its first {@link MAGIC_BYTES}, or fewer if it has no more. */
export function compressionBy(start: Uint8Array): Compression | undefined {
  const magic = Buffer.from(start).toString('hex', 0, MAGIC_BYTES);
  if (magic.startsWith('1f8b')) return 'gzip';
  return magic === '28b52ffd' ? 'zstd' : undefined;
}

/**
 * Takes compressed bytes and gives plain ones. Whatever it fails with is for {@link decompressionError} to tell.
 *
 * @param file As errors are to name it.
 * @param cutIsEnd Of a gzip stream: where it is cut, it ends, and what came before is given.
 */
export function decompressor(compression: Compression, file: string, cutIsEnd = false): Duplex {
  return compression === 'gzip' ? gunzip(cutIsEnd) : zstd(file);
}

/**
 * What a stream that could not be read to its end is refused with: ARCHIVE_TRUNCATED, ARCHIVE_INVALID, TOOL_MISSING for zstd
 * without its program, or what else it was.
 *
 * @param offset Of the compressed bytes, where it is known.
 */
export function decompressionError(error: unknown, file: string, offset?: number): CodedError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const place = { file, ...(offset === undefined ? {} : { offset }) };
  if (code === 'Z_BUF_ERROR') {
    return archiveError('ARCHIVE_TRUNCATED', { ...place, got: 'the end of the file' }, error);
  }
  if (String(code).startsWith('Z_')) {
    return archiveError('ARCHIVE_INVALID', { ...place, got: (error as Error).message }, error);
  }
  return toCodedError(error);
}

/** The error of a stream that is no whole one. */
export function archiveError(
  code: 'ARCHIVE_INVALID' | 'ARCHIVE_TRUNCATED',
  place: { readonly file: string; readonly offset?: number; readonly got: string },
  cause?: unknown,
): CodedError {
  return new CodedError(code, 'An archive cannot be inflated', {
    details: { ...place, expected: 'a whole stream of a size within reason' },
    ...(cause === undefined ? {} : { cause }),
  });
}

function gunzip(cutIsEnd: boolean): Transform {
  return createGunzip(cutIsEnd ? { finishFlush: constants.Z_SYNC_FLUSH } : {});
}

/** The program of that name: the zlib of Node 20 has no zstd. It ends with whoever reads. */
function zstd(file: string): Duplex {
  const child = spawn('zstd', ['--decompress', '--stdout', '--quiet'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const { stdin, stdout, stderr } = child;
  let said = '';
  stderr.on('data', (bytes: Buffer) => (said = `${said}${bytes.toString()}`.slice(0, 1000)));
  const decoder = new Duplex({
    // A program that has ended takes no more bytes; why it ended is what is told.
    write: (chunk: Buffer, _encoding, done) => stdin.write(chunk, () => done()),
    final: (done) => stdin.end(() => done()),
    read: () => stdout.resume(),
    destroy: (error, done) => {
      child.kill();
      stdout.destroy();
      done(error);
    },
  });
  stdin.on('error', () => {});
  stdout.on('data', (bytes: Buffer) => {
    if (!decoder.push(bytes)) stdout.pause();
  });
  child.on('error', (cause) => {
    const message = 'The archive is a zstd stream, and there is no program zstd';
    decoder.destroy(new CodedError('TOOL_MISSING', message, { cause }));
  });
  child.on('close', (code) => {
    if (code === 0) decoder.push(null);
    else decoder.destroy(zstdError(file, said));
  });
  return decoder;
}

function zstdError(file: string, said: string): CodedError {
  const code = /premature|incomplete|unexpected end/iu.test(said) ? 'ARCHIVE_TRUNCATED' : 'ARCHIVE_INVALID';
  return archiveError(code, { file, got: said.replace(/\s+/gu, ' ').trim() });
}
