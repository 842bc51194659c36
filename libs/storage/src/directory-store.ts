import { constants, type ReadStream } from 'node:fs';
import { lstat, open, readdir, realpath, rmdir, stat, unlink, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { CodedError } from '@bluewaters/errors';
import {
  assertRange,
  fileError,
  isSystemError,
  keyIsFolder,
  notAFile,
  objectExists,
  objectNotFound,
} from './faults.js';
import { assertKey, assertPrefix, isKeyPart } from './key.js';
import { removeLeftovers, writeBeside } from './write-beside.js';
import type { ByteRange, ObjectInfo, ObjectStore, PutOptions } from './object-store.js';

const COPY_BUFFER_BYTES = 1024 * 1024;

/** One closed folder must not keep others from seeing the rest of the store. */
const PASSED_OVER = ['EACCES'];

/**
 * A store in a folder of this machine or of a parallel file system such as Lustre: an object is the file of the same
 * name. The folder itself may be reached through a symbolic link, but no link below it is followed, so nothing
 * outside can be read or changed. Several processes, on several hosts, may use the folder at once.
 */
export class DirectoryStore implements ObjectStore {
  readonly description: string;
  readonly #path: string;
  #root: string | undefined;

  /** @param path The folder; made by the first write when it is not there. */
  constructor(path: string) {
    this.#path = resolve(path);
    this.description = `directory ${this.#path}`;
  }

  async put(key: string, bytes: Uint8Array | string, options: PutOptions = {}): Promise<ObjectInfo> {
    const content = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    await this.#write(key, (file) => file.writeFile(content), options);
    return { key, size: content.length };
  }

  async putFile(key: string, path: string, options: PutOptions = {}): Promise<ObjectInfo> {
    assertKey(key);
    const source = await openLocal(path);
    try {
      await this.#write(key, (file) => writeFile(file, source), options);
      return { key, size: source.bytesRead };
    } finally {
      source.destroy();
    }
  }

  async get(key: string): Promise<Uint8Array> {
    return this.#read(key, (file) => file.readFile());
  }

  async getRange(key: string, range: ByteRange): Promise<Uint8Array> {
    return this.#read(key, async (file) => {
      assertRange(key, range, (await file.stat()).size);
      const bytes = new Uint8Array(range.length);
      for (let done = 0; done < range.length; ) {
        const { bytesRead } = await file.read(bytes, done, range.length - done, range.offset + done);
        // Objects are replaced, never changed; a file that someone cut short would end this loop never.
        if (bytesRead === 0) assertRange(key, range, range.offset + done);
        done += bytesRead;
      }
      return bytes;
    });
  }

  async getFile(key: string, path: string): Promise<ObjectInfo> {
    return this.#read(key, async (object) => {
      const source = object.createReadStream({ autoClose: false, highWaterMark: COPY_BUFFER_BYTES });
      await writeBeside(path, (file) => writeFile(file, source)).catch((error: unknown) => {
        throw fileError(error, path);
      });
      return { key, size: source.bytesRead };
    });
  }

  async stat(key: string): Promise<ObjectInfo | undefined> {
    try {
      const info = await lstat(await this.#locate(key));
      if (info.isSymbolicLink()) throw leadsElsewhere(key);
      return info.isFile() ? { key, size: info.size } : undefined;
    } catch (error) {
      if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw fileError(error, key);
    }
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    assertPrefix(prefix);
    try {
      const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      yield* this.#walk(folder, prefix);
    } catch (error) {
      throw fileError(error, prefix);
    }
  }

  async delete(key: string): Promise<void> {
    try {
      const path = await this.#locate(key);
      await unlink(path);
      await this.#removeEmptyFolders(dirname(path));
    } catch (error) {
      if (!isSystemError(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) throw fileError(error, key);
    }
  }

  localPath(key: string): string {
    assertKey(key);
    return join(this.#path, key);
  }

  async close(): Promise<void> {}

  async #write(key: string, fill: (file: FileHandle) => Promise<void>, options: PutOptions): Promise<void> {
    try {
      await writeBeside(await this.#locate(key), fill, options);
    } catch (error) {
      throw await this.#writeError(error, key);
    }
  }

  async #writeError(error: unknown, key: string): Promise<CodedError> {
    // Also a link to an existing name fails with EEXIST, and so does making a folder where an object is.
    if (isSystemError(error, 'EEXIST') && (await this.stat(key).catch(() => undefined))) {
      return objectExists(key, error);
    }
    return isSystemError(error, 'EEXIST', 'EISDIR', 'ENOTDIR', 'ENOTEMPTY')
      ? keyIsFolder(key, error)
      : fileError(error, key);
  }

  async #read<T>(key: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
    let file: FileHandle | undefined;
    try {
      file = await open(await this.#locate(key), constants.O_RDONLY | constants.O_NOFOLLOW);
      // A folder can be opened too.
      if (!(await file.stat()).isFile()) throw objectNotFound(key);
      return await use(file);
    } catch (error) {
      if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) throw objectNotFound(key, error);
      throw isSystemError(error, 'ELOOP') ? leadsElsewhere(key) : fileError(error, key);
    } finally {
      await file?.close();
    }
  }

  /** The path of a key, once it is sure that no symbolic link leads away on the way there. */
  async #locate(key: string): Promise<string> {
    assertKey(key);
    const root = await this.#realRoot();
    const path = join(root, key);
    const folder = dirname(path);
    await assertNoLinks(root, folder, key);
    return path;
  }

  async #realRoot(): Promise<string> {
    this.#root ??= await realpath(this.#path).catch((error: unknown) => {
      if (isSystemError(error, 'ENOENT')) return undefined;
      throw error;
    });
    return this.#root ?? this.#path;
  }

  async *#walk(folder: string, prefix: string, passedOver: readonly string[] = []): AsyncIterable<ObjectInfo> {
    for (const name of await this.#namesIn(folder, passedOver)) {
      const key = folder + name;
      if (name.endsWith('/')) {
        if (key.startsWith(prefix)) yield* this.#walk(key, prefix, PASSED_OVER);
      } else if (key.startsWith(prefix)) {
        const info = await this.stat(key);
        if (info) yield info;
      }
    }
  }

  /**
   * Names of objects, and of folders with `/` at the end, in the order of keys.
   * @param passedOver Why a folder may not be read and then counts as empty.
   */
  async #namesIn(folder: string, passedOver: readonly string[]): Promise<string[]> {
    const root = await this.#realRoot();
    const path = join(root, folder, '.');
    await assertNoLinks(root, path, folder);
    const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
      if (isSystemError(error, 'ENOENT', 'ENOTDIR', ...passedOver)) return [];
      throw error;
    });
    await removeLeftovers(
      path,
      entries.map((entry) => entry.name),
    );
    return entries
      .filter((entry) => isKeyPart(entry.name) && (entry.isFile() || entry.isDirectory()))
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .sort();
  }

  /** As in the other stores, a folder is there only while it holds objects. */
  async #removeEmptyFolders(folder: string): Promise<void> {
    const root = await this.#realRoot();
    for (let path = folder; path.startsWith(root + sep); path = dirname(path)) {
      try {
        await rmdir(path);
      } catch {
        return;
      }
    }
  }
}

/** @param folder `root` or a folder below it, which need not exist. */
async function assertNoLinks(root: string, folder: string, key: string): Promise<void> {
  if (folder === root) return;
  const real = await realpath(folder).catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (real === undefined) return assertNoLinks(root, dirname(folder), key);
  if (real !== folder) throw leadsElsewhere(key);
}

function leadsElsewhere(key: string): CodedError {
  return new CodedError('STORE_REFUSED', 'A symbolic link inside a directory store is not followed', {
    details: { file: key },
  });
}

async function openLocal(path: string): Promise<ReadStream> {
  try {
    if (!(await stat(path)).isFile()) throw notAFile(path);
    const file = await open(path, 'r');
    return file.createReadStream({ highWaterMark: COPY_BUFFER_BYTES });
  } catch (error) {
    throw fileError(error, path);
  }
}
