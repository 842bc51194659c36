/** An image by its path: a folder that it was unpacked to, or an archive of it. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline as pipe, Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CodedError, toCodedError } from '@bluewaters/errors';
import {
  compressionBy,
  decompressionError,
  decompressor,
  MAGIC_BYTES,
  type Compression,
  type TarPart,
} from '@bluewaters/ingest';
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
 * whose bytes are not those of their digests, or that is larger than `mostBytes`; ARCHIVE_TRUNCATED; CONFIG_INVALID for
 * several images; TOOL_MISSING for zstd without its program; STORE_FULL.
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
  const compression = await compressionAt(path, offset);
  const plain = createReadStream(path, { start: offset, end: offset + size - 1 });
  const reader = new ForwardReader(compression ? inflated(plain, compression, file) : plain, file, budget);
  const end = compression ? Number.MAX_SAFE_INTEGER : size;
  try {
    await use({ file, start: 0, end, read: (at, length) => reader.read(at, length) });
    // What checks the bytes of a compressed stream comes after the last of them.
    if (compression) await reader.finish();
  } catch (error) {
    throw decompressionError(error, file);
  } finally {
    await reader.close();
  }
}

/** The path itself, or where its plain bytes are now. */
async function plainArchive(path: string, scratch: string, mostBytes: number): Promise<string> {
  const compression = await compressionAt(path, 0);
  if (!compression) return path;
  const target = join(scratch, 'archive.tar');
  let bytes = 0;
  const guard = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > mostBytes ? tooLarge(path, mostBytes) : null, chunk);
    },
  });
  const decoder = decompressor(compression, path);
  await pipeline(createReadStream(path), decoder, guard, createWriteStream(target)).catch((error: unknown) => {
    throw decompressionError(error, path);
  });
  return target;
}

async function compressionAt(path: string, offset: number): Promise<Compression | undefined> {
  const handle = await open(path).catch(asCoded);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, offset);
    return compressionBy(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

/** An error of the stream before it goes on to the one that is read. */
function inflated(plain: Readable, compression: Compression, file: string): Readable {
  return pipe(plain, decompressor(compression, file), () => undefined);
}

function tooLarge(file: string, mostBytes: number): CodedError {
  return new CodedError('ARCHIVE_INVALID', 'An image is too large', {
    details: { file, expected: `at most ${mostBytes} bytes`, got: 'more, inflated' },
  });
}

function asCoded(error: unknown): never {
  throw toCodedError(error);
}
