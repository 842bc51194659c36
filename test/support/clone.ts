import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { listFiles, ROOT } from './pages.js';

/** Copies every file that is or would be committed, with its time: a fresh clone of the repository as it stands. */
export async function copyRepository(target: string): Promise<void> {
  for (const file of listFiles()) {
    await cp(join(ROOT, file), join(target, file), { preserveTimestamps: true });
  }
}

/** Copies what `tsc -b` left beside each package, so that it has nothing to do in the clone. */
export async function copyBuilds(target: string): Promise<void> {
  const packages = listFiles().filter((file) => /^\w+\/[\w-]+\/tsconfig\.json$/u.test(file));
  for (const folder of packages.map((file) => join(file, '../dist'))) {
    if (!existsSync(join(ROOT, folder))) continue;
    await cp(join(ROOT, folder), join(target, folder), { recursive: true, preserveTimestamps: true });
  }
}
