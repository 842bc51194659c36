/**
 * The cache folder, shared between clones and between set-ups that run at the same time.
 *
 * A folder is filled beside its place and renamed into it, so that others see all of it or nothing. Of two set-ups
 * that fill the same folder, the later discards its own.
 */
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

const PARTIAL = '.partial-';
const ABANDONED_AFTER_MS = 24 * 3600 * 1000;

/** @typedef {Readonly<Record<string, string | undefined>>} Environment Variables, as `process.env` has them. */

/**
 * @param {Environment} env
 * @returns {string} The folder that holds everything set-up gets.
 */
export function cacheFolder(env) {
  if (env.BLUEWATERS_CACHE) return env.BLUEWATERS_CACHE;
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'bluewaters');
}

/**
 * Makes `target` by filling an empty folder beside it. Nothing is left when `fill` throws.
 *
 * @param {string} target
 * @param {(partial: string) => Promise<void>} fill
 * @param {() => Promise<boolean>} isWhole Says whether what lies at `target` can be used.
 */
export async function publishFolder(target, fill, isWhole) {
  await mkdir(dirname(target), { recursive: true });
  await removeAbandoned(target);
  const partial = await mkdtemp(target + PARTIAL);
  try {
    await chmod(partial, 0o755);
    await fill(partial);
    await moveInto(partial, target, isWhole);
  } finally {
    await removeFolder(partial);
  }
}

/**
 * @param {string} partial
 * @param {string} target
 * @param {() => Promise<boolean>} isWhole
 */
async function moveInto(partial, target, isWhole) {
  if (await renamed(partial, target)) return;
  if (await isWhole()) return; // Another set-up was quicker.
  const aside = await mkdtemp(target + PARTIAL);
  await rename(target, join(aside, 'damaged')).catch(ignoreMissing);
  await removeFolder(aside);
  if (!(await renamed(partial, target)) && !(await isWhole())) {
    throw new Error(`${target} cannot be replaced.`);
  }
}

/**
 * @param {string} from
 * @param {string} to
 * @returns {Promise<boolean>} False when a folder that is not empty is there already.
 */
async function renamed(from, to) {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOTEMPTY') || hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/**
 * Removes what set-ups that were killed left beside `target`.
 *
 * @param {string} target
 */
async function removeAbandoned(target) {
  const start = basename(target) + PARTIAL;
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(start)) continue;
    const folder = join(dirname(target), name);
    const age = Date.now() - (await stat(folder).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (age > ABANDONED_AFTER_MS) await removeFolder(folder);
  }
}

/**
 * @param {string} folder
 */
export async function removeFolder(folder) {
  await rm(folder, { recursive: true, force: true });
}

/**
 * @param {unknown} error
 * @param {string} code
 * @returns {boolean}
 */
export function hasCode(error, code) {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** @param {unknown} error */
function ignoreMissing(error) {
  if (!hasCode(error, 'ENOENT')) throw error;
}
