/**
 * An archive that takes a while, from a small one: its pictures many times, each time as other synsets and with a comment that
 * makes them other pictures. What a process takes to start, and to be compiled, then weighs no more than it does in earnest.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { CLOSING_BYTES, padded, synsetPart, withComment } from './nested_tar.mjs';

/** @typedef {{ name: string, bytes: Buffer }} Member */

/** The members of a tar, by the tar of this machine. @param {string} path @param {string} folder @returns {Member[]} */
function membersOf(path, folder) {
  const unpacked = mkdtempSync(join(folder, 'unpacked-'));
  execFileSync('tar', ['-xf', path, '-C', unpacked]);
  const members = readdirSync(unpacked).map((name) => ({ name, bytes: readFileSync(join(unpacked, name)) }));
  rmSync(unpacked, { recursive: true });
  return members;
}

/**
 * Writes `Images.tar` and `synsets.txt` into a folder.
 *
 * @param {string} images A tar of tars of JPEGs.
 * @param {string} folder
 * @param {number} times
 */
export function repeatArchive(images, folder, times) {
  const tars = membersOf(images, folder).map(({ name, bytes }) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    const members = membersOf(path, folder);
    rmSync(path);
    return members;
  });
  /** @type {string[]} */
  const synsets = [];
  const archive = openSync(join(folder, 'Images.tar'), 'wx');
  for (let time = 0; time < times; time++) {
    for (const pictures of tars) {
      const synset = `n${padded(synsets.length + 1, 8)}`;
      const members = pictures.map(({ name, bytes }) => ({
        name: `${synset}_${name.split('_')[1] ?? ''}`,
        bytes: withComment(bytes, padded(time, 4)),
      }));
      writeSync(archive, synsetPart(synset, members));
      synsets.push(synset);
    }
  }
  writeSync(archive, Buffer.alloc(CLOSING_BYTES));
  closeSync(archive);
  writeFileSync(join(folder, 'synsets.txt'), synsets.map((synset) => `${synset}\n`).join(''));
}
