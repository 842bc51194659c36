import { opendir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';

/** An archive of fewer bytes is indexed by one process in about the time that others take to start. */
const LARGE_BYTES = 256 * 1024 * 1024;

/**
 * How many processes are to index an archive where nobody says: one for each core where it is large, else none beside this
 * one. What is no file or folder of this machine is left to this process, too.
 *
 * @param images As the option names it.
 */
export async function workersFor(images: string | undefined): Promise<number> {
  const cores = availableParallelism();
  if (cores === 1 || images === undefined || images.startsWith('store:')) return 0;
  return (await isLarge(resolve(images))) ? cores : 0;
}

async function isLarge(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) return (found?.size ?? 0) >= LARGE_BYTES;
  let bytes = 0;
  // Ends at the first that makes it enough: a folder may have millions.
  for await (const entry of await opendir(path, { recursive: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
    if (bytes >= LARGE_BYTES) return true;
  }
  return false;
}
