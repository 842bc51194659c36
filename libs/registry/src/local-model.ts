import { CodedError, isCodedError, toCodedError } from '@bluewaters/errors';
import { modelKeys, type ModelEntry, type ModelFile } from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import type { VersionRef } from './versions.js';

/**
 * A folder with the SavedModel of a version, every file checked by size and digest: the store's own folder where it is
 * a directory, else copies under `cacheDirectory`. A copy that is there and right is not made again.
 *
 * @returns The folder, for TensorFlow to open.
 * @throws {CodedError} MODEL_INVALID naming the file that is missing or not what the entry says.
 */
export async function localModel(store: ObjectStore, entry: ModelEntry, cacheDirectory: string): Promise<string> {
  const prefix = modelKeys.prefix(entry.model, entry.version);
  const inStore = store.localPath(`${prefix}saved_model.pb`);
  const directory = inStore === undefined ? join(cacheDirectory, prefix) : dirname(inStore);
  for (const file of entry.files) {
    const path = pathOf(file, prefix, directory);
    if (inStore === undefined) await copyUnlessRight(store, file, path);
    else await assertRight(file, path);
  }
  return directory;
}

/** Removes the local copy of a version, where there is one; the store's own files stay. */
export async function dropLocalModel(store: ObjectStore, ref: VersionRef, cacheDirectory: string): Promise<void> {
  const prefix = modelKeys.prefix(ref.model, ref.version);
  if (store.localPath(modelKeys.entry(ref.model, ref.version)) !== undefined) return;
  await rm(join(cacheDirectory, prefix), { recursive: true, force: true });
}

/** An entry can't make us write or read outside of its own version. */
function pathOf({ key }: ModelFile, prefix: string, directory: string): string {
  const path = resolve(directory, key.slice(prefix.length));
  if (key.startsWith(prefix) && path.startsWith(resolve(directory) + sep)) return path;
  throw new CodedError('MODEL_INVALID', 'An entry names a file of another place', { details: { file: key } });
}

async function copyUnlessRight(store: ObjectStore, file: ModelFile, path: string): Promise<void> {
  if ((await faultOf(file, path)) === undefined) return;
  await mkdir(dirname(path), { recursive: true });
  try {
    await store.getFile(file.key, path);
  } catch (error) {
    if (!isCodedError(error, 'OBJECT_NOT_FOUND')) throw error;
    throw wrongFile(file, 'no such object');
  }
  await assertRight(file, path);
}

async function assertRight(file: ModelFile, path: string): Promise<void> {
  const fault = await faultOf(file, path);
  if (fault !== undefined) throw wrongFile(file, fault);
}

/** What is wrong with a file, or undefined. */
async function faultOf({ size, sha256 }: ModelFile, path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  let length = 0;
  try {
    for await (const chunk of createReadStream(path)) {
      length += (chunk as Buffer).length;
      hash.update(chunk as Buffer);
    }
  } catch (error) {
    if (isCodedError(toCodedError(error), 'FILE_NOT_FOUND')) return 'no such file';
    throw toCodedError(error);
  }
  if (length !== size) return `${length} bytes`;
  const digest = hash.digest('hex');
  return digest === sha256 ? undefined : `sha256 ${digest}`;
}

function wrongFile({ key, size, sha256 }: ModelFile, got: string): CodedError {
  const details = { file: key, expected: `${size} bytes with sha256 ${sha256}`, got };
  return new CodedError('MODEL_INVALID', 'A file of a model is not what its entry says', { details });
}
