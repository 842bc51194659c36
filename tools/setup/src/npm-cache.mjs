/** npm's own cache: whether `npm ci` finds there all that it would install, so that it needs no network. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readLock } from './packages.mjs';
import { capture, lastLines } from './process.mjs';

/** @typedef {import('./packages.mjs').Lock} Lock */

/**
 * Fetches what npm's cache lacks of what is installed.
 *
 * @param {string} root The repository, with its packages installed.
 * @returns {Promise<string | undefined>} Why the cache could not be filled; undefined when it holds everything.
 */
export async function fillNpmCache(root) {
  const installed = (await readLock(join(root, 'node_modules', '.package-lock.json'))) ?? {};
  const cache = (await capture('npm', ['config', 'get', 'cache'], { cwd: root })).output.trim();
  const lacking = notCached(installed, cache);
  if (lacking.length === 0) return undefined;
  const { status, errors } = await capture(
    'npm',
    ['cache', 'add', '--fetch-retries=1', '--loglevel=error', ...lacking],
    { cwd: root },
  );
  return status === 0 ? undefined : `npm’s cache lacks ${lacking.length} packages: ${lastLines(errors, 1)}`;
}

/**
 * @param {Lock} installed From npm's hidden lock file, which lacks what is for other machines.
 * @param {string} cache npm's cache folder.
 * @returns {string[]} Packages that the cache has not, as `name@version`. It keeps a package under its own digest.
 */
export function notCached(installed, cache) {
  return Object.entries(installed)
    .filter(([, { integrity }]) => integrity !== undefined && !existsSync(placeOf(integrity, cache)))
    .map(([folder, { name, version }]) => `${name ?? folder.split('node_modules/').at(-1)}@${version}`);
}

/**
 * @param {string} integrity As lock files have it: an algorithm and a digest in base 64.
 * @param {string} cache
 * @returns {string}
 */
function placeOf(integrity, cache) {
  const [algorithm = '', digest = ''] = integrity.split('-');
  const digits = Buffer.from(digest, 'base64').toString('hex');
  return join(cache, '_cacache/content-v2', algorithm, digits.slice(0, 2), digits.slice(2, 4), digits.slice(4));
}
