import { isCodedError } from '@bluewaters/errors';
import type { ObjectStore } from './object-store.js';

/** An object's bytes, or undefined where there is none. @throws {CodedError} What the store says otherwise. */
export async function getIfThere(store: ObjectStore, key: string): Promise<Uint8Array | undefined> {
  try {
    return await store.get(key);
  } catch (error) {
    if (isCodedError(error, 'OBJECT_NOT_FOUND')) return undefined;
    throw error;
  }
}
