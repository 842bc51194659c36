import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The sha256 of every file below a folder, by relative path; `undefined` folder: none. */
export async function digestFolder(folder: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const name of (await readdir(folder, { recursive: true }).catch(() => [])).sort()) {
    const path = join(folder, name);
    if (!(await stat(path)).isFile()) continue;
    digests[name] = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  }
  return digests;
}

/** Relative paths of every file below a folder. */
export async function filesBelow(folder: string): Promise<string[]> {
  return Object.keys(await digestFolder(folder));
}
