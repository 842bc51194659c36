import { join } from 'node:path';
import type { ObjectStore } from '@bluewaters/storage';

const AGAIN_AFTER_MS = 10_000;

/**
 * Keeps copies of a store's event files in a folder, under their keys: all that there are now before it resolves, and
 * what comes later within seconds. Event files only grow, so one of another size is copied anew.
 *
 * @param prefix Of the keys.
 * @returns Ends it.
 */
export async function followEvents(store: ObjectStore, prefix: string, directory: string): Promise<() => void> {
  const sizes = new Map<string, number>();
  const copy = async (): Promise<void> => {
    for await (const { key, size } of store.list(prefix)) {
      if (!key.includes('.tfevents.') || sizes.get(key) === size) continue;
      await store.getFile(key, join(directory, key));
      sizes.set(key, size);
    }
  };
  await copy();
  // A store that does not answer now does so the next time, or TensorBoard shows what there was.
  const timer = setInterval(() => void copy().catch(() => undefined), AGAIN_AFTER_MS);
  return () => clearInterval(timer);
}
