import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * A folder for copies that may be lost: in the user's own cache, never in a temporary folder that all users share.
 *
 * @param name One folder name.
 * @returns A path; the folder need not exist.
 */
export function cacheDirectory(name: string, environment: NodeJS.ProcessEnv = process.env): string {
  const caches = environment['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(environment['BLUEWATERS_CACHE'] || join(caches, 'bluewaters'), name);
}
