/** What stays of a release beside its images. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { billOfMaterials } from './bill.mjs';
import { ROOT } from './release.mjs';

/** @typedef {import('./release.mjs').Image & { readonly bytes: number, readonly digest?: string }} Image */
/** @typedef {import('./release.mjs').List & { readonly digest?: string }} List */
/** @typedef {import('./release.mjs').Release} Release */

/**
 * Writes the bill of materials, and then what was released.
 *
 * @param {string} folder
 * @param {Release} release
 * @param {{ readonly images: readonly Image[], readonly lists: readonly List[] }} released
 * @returns {string[]} The files.
 */
export function record(folder, { version, tag, commit }, { images, lists }) {
  mkdirSync(folder, { recursive: true });
  const listed = images.map(({ name, platform, published, bytes, digest }) => {
    return { name, platform, published, bytes, digest };
  });
  const contents = {
    [`bluewaters-${tag}.cdx.json`]: billOfMaterials(ROOT),
    [`release-${tag}.json`]: { version, commit, images: listed, lists },
  };
  return Object.entries(contents).map(([name, content]) => {
    const file = join(folder, name);
    writeFileSync(`${file}.partial`, `${JSON.stringify(content, undefined, 2)}\n`);
    renameSync(`${file}.partial`, file);
    return file;
  });
}
