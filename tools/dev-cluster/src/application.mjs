/** What the processes of an application leave for one another and for aprun: files in its folder, `init.3`, `end.0`. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The variable that names the folder. */
export const APPLICATION = '__ALPS_APPLICATION';

/**
 * `init`: called MPI_Init; `none`: ended well without it; `end`: ended, with a code that is not 0.
 *
 * @typedef {'init' | 'none' | 'end'} What
 */

/**
 * @param {string} folder
 * @param {What} what
 * @param {number} pe The process.
 * @param {number} [code]
 */
export function leave(folder, what, pe, code) {
  writeFileSync(join(folder, `${what}.${pe}`), JSON.stringify({ at: Date.now(), code }));
}

/**
 * Processes that left something. Each leaves before it looks, so that of two at least one sees the other's.
 *
 * @param {string} folder
 * @param {What} what
 * @returns {number[]}
 */
export function whoLeft(folder, what) {
  const names = readdirSync(folder).filter((name) => name.startsWith(`${what}.`));
  return names.map((name) => Number(name.slice(what.length + 1)));
}

/**
 * The code of the process that first ended with one that is not 0.
 *
 * @param {string} folder
 * @returns {number | undefined}
 */
export function firstCode(folder) {
  const ends = whoLeft(folder, 'end').map((pe) => JSON.parse(readFileSync(join(folder, `end.${pe}`), 'utf8')));
  return ends.sort((one, other) => one.at - other.at)[0]?.code;
}
