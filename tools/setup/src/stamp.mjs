/** The stamp of a folder in the cache: written last, so a folder that has it is whole. */
import { lstat, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publishFolder } from './cache.mjs';
import { sha256File } from './digest.mjs';

const STAMP = 'bluewaters-stamp.json';

/** @typedef {{ bytes: number, mtimeMs: number, sha256: string }} Mark What the stamp says of one file. */

/**
 * @param {string} folder Its own files are stamped; folders in it, and links, are not.
 * @param {string} [name] What the folder holds, for who meets it at another place than where it was made.
 */
export async function writeStamp(folder, name) {
  /** @type {Record<string, Mark>} */
  const files = {};
  for (const file of (await readdir(folder)).sort()) {
    const facts = await lstat(join(folder, file));
    if (!facts.isFile() || file === STAMP) continue;
    files[file] = { bytes: facts.size, mtimeMs: facts.mtimeMs, sha256: await sha256File(join(folder, file)) };
  }
  await writeFile(join(folder, STAMP), JSON.stringify({ name, files }, null, 2));
}

/**
 * Compares sizes and times, and bytes only where a time differs: a cache that was copied is still good.
 *
 * @param {string} folder
 * @param {{ thorough?: boolean }} [options] `thorough` compares all bytes.
 * @returns {Promise<boolean>} Whether the folder has a stamp and its files are those that were stamped.
 */
export async function isStamped(folder, { thorough = false } = {}) {
  const stamp = await readStamp(folder);
  if (stamp === undefined) return false;
  for (const [name, mark] of Object.entries(stamp.files)) {
    if (!(await agrees(join(folder, name), mark, thorough))) return false;
  }
  return true;
}

/**
 * Makes a folder of the cache unless it is there and whole.
 *
 * @param {string} folder
 * @param {(partial: string) => Promise<void>} fill Ends with the stamp.
 */
export async function fillOnce(folder, fill) {
  if (!(await isStamped(folder))) await publishFolder(folder, fill, () => isStamped(folder));
}

/**
 * @param {string} folder
 * @returns {Promise<string | undefined>} What its stamp says that it holds, if its files are those that were stamped.
 */
export async function stampedName(folder) {
  const name = (await readStamp(folder))?.name;
  return name !== undefined && (await isStamped(folder)) ? name : undefined;
}

/**
 * @param {string} file
 * @param {Mark} mark
 * @param {boolean} thorough
 * @returns {Promise<boolean>}
 */
async function agrees(file, mark, thorough) {
  const facts = await lstat(file).catch(() => undefined);
  if (facts === undefined || facts.size !== mark.bytes) return false;
  if (facts.mtimeMs === mark.mtimeMs && !thorough) return true;
  return (await sha256File(file)) === mark.sha256;
}

/**
 * @param {string} folder
 * @returns {Promise<{ name?: string, files: Record<string, Mark> } | undefined>}
 */
async function readStamp(folder) {
  try {
    return JSON.parse(await readFile(join(folder, STAMP), 'utf8'));
  } catch {
    return undefined;
  }
}
