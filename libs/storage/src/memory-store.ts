import { createReadStream } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { fileError, keyIsFolder, objectExists, objectNotFound, assertRange } from './faults.js';
import { assertKey, assertPrefix } from './key.js';
import { writeBeside } from './write-beside.js';
import type { ByteRange, ObjectInfo, ObjectStore, PutOptions } from './object-store.js';

/** A store in this process's memory, gone with it: for tests and for trying things out. */
export class MemoryStore implements ObjectStore {
  readonly description = 'memory';
  readonly #objects = new Map<string, Uint8Array>();
  /** How many objects each folder holds, at any depth. */
  readonly #folders = new Map<string, number>();

  async put(key: string, bytes: Uint8Array | string, options: PutOptions = {}): Promise<ObjectInfo> {
    assertKey(key);
    const taken = this.#objects.has(key);
    if (options.ifAbsent && taken) throw objectExists(key);
    const folders = foldersOf(key);
    if (this.#folders.has(key) || folders.some((folder) => this.#objects.has(folder))) throw keyIsFolder(key);
    if (!taken) folders.forEach((folder) => this.#count(folder, 1));
    const copy = new Uint8Array(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
    this.#objects.set(key, copy);
    return { key, size: copy.length };
  }

  async putFile(key: string, path: string, options: PutOptions = {}): Promise<ObjectInfo> {
    assertKey(key);
    const bytes = await buffer(createReadStream(path)).catch((error: unknown) => {
      throw fileError(error, path);
    });
    return this.put(key, bytes, options);
  }

  async get(key: string): Promise<Uint8Array> {
    return this.#find(key).slice();
  }

  async getRange(key: string, range: ByteRange): Promise<Uint8Array> {
    const bytes = this.#find(key);
    assertRange(key, range, bytes.length);
    return bytes.slice(range.offset, range.offset + range.length);
  }

  async getFile(key: string, path: string): Promise<ObjectInfo> {
    const bytes = this.#find(key);
    await writeBeside(path, (file) => file.writeFile(bytes)).catch((error: unknown) => {
      throw fileError(error, path);
    });
    return { key, size: bytes.length };
  }

  async stat(key: string): Promise<ObjectInfo | undefined> {
    assertKey(key);
    const bytes = this.#objects.get(key);
    return bytes && { key, size: bytes.length };
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    assertPrefix(prefix);
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    for (const key of keys) {
      const info = await this.stat(key);
      if (info) yield info;
    }
  }

  async delete(key: string): Promise<void> {
    assertKey(key);
    if (this.#objects.delete(key)) foldersOf(key).forEach((folder) => this.#count(folder, -1));
  }

  localPath(key: string): undefined {
    assertKey(key);
  }

  async close(): Promise<void> {}

  #find(key: string): Uint8Array {
    assertKey(key);
    const bytes = this.#objects.get(key);
    if (!bytes) throw objectNotFound(key);
    return bytes;
  }

  #count(folder: string, change: 1 | -1): void {
    const count = (this.#folders.get(folder) ?? 0) + change;
    if (count === 0) this.#folders.delete(folder);
    else this.#folders.set(folder, count);
  }
}

/** `a`, `a/b` for `a/b/c`. */
function foldersOf(key: string): string[] {
  const parts = key.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
