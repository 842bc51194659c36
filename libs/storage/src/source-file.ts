import { CodedError } from '@bluewaters/errors';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { FolderSource, type FolderFile } from './folder-source.js';
import { assertRange, fileError, notAFile } from './faults.js';
import type { ByteRange, ObjectStore } from './object-store.js';

/** An input as people name it: a file that this process sees, or an object of the store. */
export type SourceName = { readonly path: string } | { readonly key: string };

/** The files of a folder that this process sees, as one input: what they were is listed in an object, a JSON line each. */
export interface FolderName {
  readonly folder: string;
  /** Key of the list. */
  readonly files: string;
}

/** An input that is read at any place, in any order, by several callers at once. Close it (`await using`). */
export interface SourceFile extends AsyncDisposable {
  /** The path or key, for errors. */
  readonly file: string;
  /** In bytes, when it was opened. */
  readonly size: number;
  /** True where each read is a call over a network, so that few large reads are better than many small ones. */
  readonly remote: boolean;
  /** Changes when the file is written again, as far as the file system or store can tell. */
  readonly version: string;
  /** @throws {CodedError} STORE_REFUSED when the range runs past the end; STORE_UNAVAILABLE. */
  read(range: ByteRange): Promise<Uint8Array>;
}

/**
 * Opens an input. A path's symbolic links are followed, as the person who named it expects.
 *
 * @throws {CodedError} FILE_NOT_FOUND when there is no such file or object, STORE_REFUSED when it may not be read.
 */
export async function openSource(store: ObjectStore, source: SourceName | FolderName): Promise<SourceFile> {
  if ('folder' in source) return openFolder(store, source);
  if ('path' in source) return openFile(source.path, source.path);
  const info = await store.stat(source.key);
  if (!info) throw new CodedError('FILE_NOT_FOUND', 'No such object', { details: { file: source.key } });
  const path = store.localPath(source.key);
  return path === undefined ? new StoredSource(store, source.key, info.size) : openFile(path, source.key);
}

/**
 * All of a small text input, such as a list of synsets.
 *
 * @param maxBytes Refuses more than that, so that an archive named by mistake does not fill the memory.
 * @throws {CodedError} as {@link openSource}, and CONFIG_INVALID above `maxBytes`.
 */
export async function readTextSource(store: ObjectStore, source: SourceName, maxBytes: number): Promise<string> {
  await using file = await openSource(store, source);
  if (file.size > maxBytes) {
    throw new CodedError('CONFIG_INVALID', 'A file is too large for a list', {
      details: { file: file.file, expected: `at most ${maxBytes} bytes`, got: `${file.size} bytes` },
    });
  }
  return Buffer.from(await file.read({ offset: 0, length: file.size })).toString('utf8');
}

async function openFolder(store: ObjectStore, { folder, files }: FolderName): Promise<SourceFile> {
  const lines = Buffer.from(await store.get(files))
    .toString('utf8')
    .split('\n');
  const listed = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as FolderFile);
  return new FolderSource(folder, listed, openFile);
}

async function openFile(path: string, name: string): Promise<SourceFile> {
  let handle: FileHandle | undefined;
  try {
    // Without O_NONBLOCK a named pipe would hold up the open for ever.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const info = await handle.stat();
    if (info.isFile()) return new LocalSource(handle, name, info);
    throw notAFile(name);
  } catch (error) {
    await handle?.close();
    throw fileError(error, name);
  }
}

class LocalSource implements SourceFile {
  readonly file: string;
  readonly size: number;
  readonly version: string;
  readonly remote = false;
  readonly #handle: FileHandle;

  constructor(handle: FileHandle, file: string, info: { readonly size: number; readonly mtimeMs: number }) {
    this.#handle = handle;
    this.file = file;
    this.size = info.size;
    this.version = `${info.size}-${info.mtimeMs}`;
  }

  async read(range: ByteRange): Promise<Uint8Array> {
    assertRange(this.file, range, this.size);
    const bytes = Buffer.allocUnsafeSlow(range.length);
    for (let done = 0; done < bytes.length; ) {
      const bytesRead = await this.#readAt(bytes, done, range.offset + done);
      if (bytesRead === 0) assertRange(this.file, range, range.offset + done);
      done += bytesRead;
    }
    return bytes;
  }

  async #readAt(bytes: Buffer, done: number, position: number): Promise<number> {
    try {
      return (await this.#handle.read(bytes, done, bytes.length - done, position)).bytesRead;
    } catch (error) {
      throw fileError(error, this.file);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

class StoredSource implements SourceFile {
  readonly file: string;
  readonly size: number;
  readonly version: string;
  readonly remote = true;
  readonly #store: ObjectStore;

  constructor(store: ObjectStore, key: string, size: number) {
    this.#store = store;
    this.file = key;
    this.size = size;
    this.version = `${size}`;
  }

  async read(range: ByteRange): Promise<Uint8Array> {
    assertRange(this.file, range, this.size);
    return range.length === 0 ? new Uint8Array(0) : this.#store.getRange(this.file, range);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
