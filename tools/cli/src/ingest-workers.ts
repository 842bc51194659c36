import { opendir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { availableCores } from '@bluewaters/service';

/** By check: an archive of fewer bytes is indexed by one process in about the time that others take to start. */
const LARGE_BYTES = {
  full: 256 * 1024 * 1024,
  // Half a GB a second, which is soon what the disk gives.
  header: 4 * 1024 * 1024 * 1024,
};

/**
 * How many processes are to index an archive where nobody says: one for each core where it is large, else none beside this
 * one. What is no file or folder of this machine is left to this process, too.
 *
 * @param images As the option names it.
 * @param check How pictures are looked at.
 */
export async function workersFor(images: string | undefined, check: keyof typeof LARGE_BYTES): Promise<number> {
  const cores = availableCores();
  if (cores === 1 || images === undefined || images.startsWith('store:')) return 0;
  return (await isLarge(resolve(images), LARGE_BYTES[check])) ? cores : 0;
}

async function isLarge(path: string, enough: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  const bytes = found?.isDirectory() ? await bytesBelow(path, enough) : (found?.size ?? 0);
  return bytes >= enough;
}

/** Ends at the first file that makes it enough: a folder may have millions. */
async function bytesBelow(folder: string, enough: number): Promise<number> {
  let bytes = 0;
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await bytesBelow(path, enough - bytes);
    else if (entry.isFile()) bytes += (await stat(path)).size;
    if (bytes >= enough) break;
  }
  return bytes;
}
