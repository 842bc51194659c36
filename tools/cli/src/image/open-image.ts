/** An image by its path: a folder that it was unpacked to, or an archive of it. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline as pipe, Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { CodedError, isCodedError, toCodedError } from '@bluewaters/errors';
import type { TarPart } from '@bluewaters/ingest';
import { applyLayer } from './apply-layer.js';
import { ForwardReader, type Budget } from './forward-reader.js';
import { layersOf, type LayerPlace } from './image-archive.js';
import { FolderTree, type ImageTree } from './image-tree.js';
import { KeptContents } from './kept-contents.js';
import { LayerTree } from './layer-tree.js';

/** How an archive is read. */
export interface ImageOptions {
  /** Of the image that is meant where an archive has several, as `uname -m` names it. */
  readonly architecture: string;
  /** Bytes that an archive, and its layers together, may come to. */
  readonly mostBytes?: number;
}

/** Several times the largest images with CUDA in them. */
const MOST_BYTES = 64 * 2 ** 30;

/**
 * Opens an image for as long as `use` takes. Of an archive only programs, libraries and the loader's configuration are
 * unpacked, under numbers, in a temporary folder that is gone afterwards.
 *
 * @throws {CodedError} FILE_NOT_FOUND; ARCHIVE_INVALID for an archive that is none of an image, whose names lead out of it,
 * or that is larger than `mostBytes`; ARCHIVE_TRUNCATED; CONFIG_INVALID for several images; STORE_FULL.
 */
export async function withImage<Result>(
  path: string,
  { architecture, mostBytes = MOST_BYTES }: ImageOptions,
  use: (tree: ImageTree) => Promise<Result>,
): Promise<Result> {
  const isFolder = await stat(path).then((facts) => facts.isDirectory(), asCoded);
  if (isFolder) return use(new FolderTree(path));
  const scratch = await mkdtemp(join(tmpdir(), 'bluewaters-image-'));
  try {
    const archive = await plainArchive(path, scratch, mostBytes);
    return await use(await readArchive(archive, { file: path, scratch, architecture, budget: { left: mostBytes } }));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** What layers are read by. */
interface ArchiveContext {
  /** As errors are to name the archive. */
  readonly file: string;
  readonly scratch: string;
  readonly architecture: string;
  readonly budget: Budget;
}

async function readArchive(path: string, { file, scratch, architecture, budget }: ArchiveContext): Promise<LayerTree> {
  const folder = join(scratch, 'contents');
  await mkdir(folder);
  const contents = await KeptContents.in(folder);
  const tree = new LayerTree(contents.empty);
  let layer = 0;
  for (const place of await placesIn(path, file, architecture)) {
    layer += 1;
    await withLayer(path, place, { file: `${file}/${place.name}`, budget }, (part) =>
      applyLayer(part, { tree, contents, layer }),
    );
  }
  return tree;
}

async function placesIn(path: string, file: string, architecture: string): Promise<LayerPlace[]> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const read = async (offset: number, length: number): Promise<Buffer> => {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    };
    return await layersOf({ file, start: 0, end: size, read }, architecture);
  } finally {
    await handle.close();
  }
}

/** Opens a layer as a tar; where it is compressed, it is inflated while it is read. */
async function withLayer(
  path: string,
  { offset, size }: LayerPlace,
  { file, budget }: Pick<ArchiveContext, 'file' | 'budget'>,
  use: (part: TarPart) => Promise<void>,
): Promise<void> {
  if (size === 0) return;
  const isPacked = await isGzip(path, offset);
  const plain = createReadStream(path, { start: offset, end: offset + size - 1 });
  const reader = new ForwardReader(isPacked ? inflated(plain) : plain, file, budget);
  const end = isPacked ? Number.MAX_SAFE_INTEGER : size;
  try {
    await use({ file, start: 0, end, read: (at, length) => reader.read(at, length) });
  } catch (error) {
    throw inflateError(error, file);
  } finally {
    await reader.close();
  }
}

/** The path itself, or where its plain bytes are now. */
async function plainArchive(path: string, scratch: string, mostBytes: number): Promise<string> {
  if (!(await isGzip(path, 0))) return path;
  const target = join(scratch, 'archive.tar');
  let bytes = 0;
  const guard = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > mostBytes ? tooLarge(path, mostBytes) : null, chunk);
    },
  });
  await pipeline(createReadStream(path), createGunzip(), guard, createWriteStream(target)).catch((error: unknown) => {
    throw inflateError(error, path);
  });
  return target;
}

async function isGzip(path: string, offset: number): Promise<boolean> {
  const handle = await open(path).catch(asCoded);
  try {
    const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, offset);
    return buffer.toString('hex') === '1f8b';
  } finally {
    await handle.close();
  }
}

/** An error of the stream before it goes on to the one that is read. */
function inflated(plain: Readable): Readable {
  return pipe(plain, createGunzip(), () => undefined);
}

function inflateError(error: unknown, file: string): CodedError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (isCodedError(error) || !code.startsWith('Z_')) return toCodedError(error);
  const isCut = code === 'Z_BUF_ERROR';
  return new CodedError(isCut ? 'ARCHIVE_TRUNCATED' : 'ARCHIVE_INVALID', 'A layer of an image cannot be inflated', {
    details: { file, expected: 'a whole gzip stream', got: (error as Error).message },
    cause: error,
  });
}

function tooLarge(file: string, mostBytes: number): CodedError {
  return new CodedError('ARCHIVE_INVALID', 'An image is too large', {
    details: { file, expected: `at most ${mostBytes} bytes`, got: 'more, inflated' },
  });
}

function asCoded(error: unknown): never {
  throw toCodedError(error);
}
