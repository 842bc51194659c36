import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '@bluewaters/errors';
import { assertRange, fileError } from './faults.js';
import { filesBelow } from './files-below.js';
import type { ByteRange } from './object-store.js';
import type { SourceFile } from './source-file.js';

/** A file of a folder that is read as one source. */
export interface FolderFile {
  /** Below the folder, with slashes. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** When it was written, in milliseconds since 1970. */
  readonly modified: number;
}

/** Files that are held open at a time. */
const MOST_OPEN = 16;

/**
 * The files below a folder, sorted by name. Links are left alone: they may lead anywhere.
 *
 * @throws {CodedError} FILE_NOT_FOUND, STORE_REFUSED when it cannot be read.
 */
export async function listFolder(path: string): Promise<FolderFile[]> {
  try {
    const files: FolderFile[] = [];
    for (const name of await filesBelow(path)) {
      const facts = await lstat(join(path, name));
      if (facts.isFile()) files.push({ name, size: facts.size, modified: facts.mtimeMs });
    }
    return files;
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Opens one file by its path. */
type Open = (path: string, name: string) => Promise<SourceFile>;

/**
 * The files of a folder as one source, one after the other in the order given, so that offsets name places in all of them.
 * A file is opened when it is first read, and a few stay open.
 */
export class FolderSource implements SourceFile {
  readonly file: string;
  readonly size: number;
  readonly version: string;
  readonly remote = false;
  readonly #open: Open;
  readonly #files: readonly FolderFile[];
  /** Where each file begins. */
  readonly #starts: Float64Array;
  readonly #opened = new Map<number, OpenFile>();

  constructor(folder: string, files: readonly FolderFile[], open: Open) {
    this.file = folder;
    this.#files = files;
    this.#open = open;
    this.#starts = new Float64Array(files.length);
    let size = 0;
    files.forEach((file, i) => {
      this.#starts[i] = size;
      size += file.size;
    });
    this.size = size;
    this.version = createHash('sha256').update(JSON.stringify(files)).digest('hex');
  }

  async read(range: ByteRange): Promise<Uint8Array> {
    assertRange(this.file, range, this.size);
    const bytes = Buffer.allocUnsafeSlow(range.length);
    let done = 0;
    for (let i = this.#fileAt(range.offset); done < bytes.length; i++) {
      const offset = range.offset + done - this.#starts[i]!;
      const length = Math.min(bytes.length - done, this.#files[i]!.size - offset);
      if (length > 0) bytes.set(await this.#readFile(i, { offset, length }), done);
      done += Math.max(0, length);
    }
    return bytes;
  }

  /** The last file that begins at or before the offset. */
  #fileAt(offset: number): number {
    let [low, high] = [0, this.#files.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  async #readFile(i: number, range: ByteRange): Promise<Uint8Array> {
    const { name, size } = this.#files[i]!;
    const held = this.#hold(i, join(this.file, name));
    held.readers++;
    try {
      const source = await held.source;
      if (source.size === size) return await source.read(range);
      throw new CodedError('ARCHIVE_CHANGED', 'A file of a folder is not the one that was listed', {
        details: { file: source.file, expected: `${size} bytes`, got: `${source.size} bytes` },
      });
    } finally {
      held.readers--;
      await this.#closeIdle(MOST_OPEN);
    }
  }

  #hold(i: number, path: string): OpenFile {
    const held = this.#opened.get(i) ?? { source: this.#open(path, path), readers: 0 };
    // The newest last: the others are closed before it.
    this.#opened.delete(i);
    this.#opened.set(i, held);
    return held;
  }

  async #closeIdle(most: number): Promise<void> {
    for (const [i, { source, readers }] of this.#opened) {
      if (this.#opened.size <= most) return;
      if (readers > 0) continue;
      this.#opened.delete(i);
      await (await source.catch(() => undefined))?.[Symbol.asyncDispose]();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closeIdle(0);
  }
}

interface OpenFile {
  readonly source: Promise<SourceFile>;
  readers: number;
}
