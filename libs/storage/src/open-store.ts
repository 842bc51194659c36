import { mkdir } from 'node:fs/promises';
import { CodedError } from '@bluewaters/errors';
import { fileError, isSystemError } from './faults.js';
import { DirectoryStore } from './directory-store.js';
import { MemoryStore } from './memory-store.js';
import type { LentCredentials, Loan } from './minio/lending.js';
import type { MinioOptions } from './minio/minio-store.js';
import { readSecret, readSecretIfSet } from './secrets.js';
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
      return openMinio(options.url, options.bucket);
  }
}

async function openDirectory(path: string): Promise<DirectoryStore> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    if (!isSystemError(error, 'EEXIST', 'ENOTDIR')) throw fileError(error, path);
    const details = { file: path, expected: 'a directory' };
    throw new CodedError('STORE_REFUSED', 'The store is not a directory', { details, cause: error });
  }
  return new DirectoryStore(path);
}

async function openMinio(url: string, bucket: string): Promise<ObjectStore> {
  // MinIO's client takes half a second to load, which a command on a directory should not pay.
  const { MinioStore } = await import('./minio/minio-store.js');
  return MinioStore.open(withCredentials({ url, bucket }));
}

/** A store in MinIO, as options name it. */
type MinioPlace = Pick<MinioOptions, 'url' | 'bucket'>;

/**
 * Lends part of a store in MinIO for reading, by the credentials of this process.
 * @throws {CodedError} STORE_REFUSED, STORE_UNAVAILABLE; CONFIG_INVALID without credentials in the environment.
 */
export async function lendStore(place: MinioPlace, loan: Loan): Promise<LentCredentials> {
  const { lendReading } = await import('./minio/lending.js');
  return lendReading(withCredentials(place), loan);
}

/** Ends all loans of a name that the credentials of this process made. @throws {CodedError} As {@link lendStore}. */
export async function endLoansOf(place: MinioPlace, name: string): Promise<void> {
  const { endLoans } = await import('./minio/lending.js');
  await endLoans(withCredentials(place), name);
}

function withCredentials({ url, bucket }: MinioPlace): MinioOptions {
  const region = process.env['BLUEWATERS_MINIO_REGION'];
  const sessionToken = readSecretIfSet('BLUEWATERS_MINIO_SESSION_TOKEN');
  return {
    ...{ url, bucket },
    accessKey: readSecret('BLUEWATERS_MINIO_ACCESS_KEY'),
    secretKey: readSecret('BLUEWATERS_MINIO_SECRET_KEY'),
    ...(sessionToken !== undefined && { sessionToken }),
    ...(region && { region }),
  };
}
