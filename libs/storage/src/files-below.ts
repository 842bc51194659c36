import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Everything below a folder that is no folder itself, by its path from there, sorted. Links are named and not followed.
 * Not `readdir` with `recursive`, which Node 16 passes over in silence.
 */
export async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) found.push(entry.name);
    else for (const name of await filesBelow(join(folder, entry.name))) found.push(join(entry.name, name));
  }
  return found.sort();
}
