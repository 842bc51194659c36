/** What stays of a release beside its images. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { billOfMaterials } from './bill.mjs';
import { ROOT } from './release.mjs';

/** @typedef {import('./release.mjs').Image} Image */
/** @typedef {import('./release.mjs').Release} Release */

/**
 * Writes the bill of materials, and then what was released.
 *
 * @param {string} folder
 * @param {Release} release
 * @param {readonly (Image & { readonly bytes: number, readonly digest?: string })[]} images
 * @returns {string[]} The files.
 */
export function record(folder, { version, tag, commit }, images) {
  mkdirSync(folder, { recursive: true });
  const listed = images.map(({ name, published, bytes, digest }) => ({ name, published, bytes, digest }));
  const contents = {
    [`bluewaters-${tag}.cdx.json`]: billOfMaterials(ROOT),
    [`release-${tag}.json`]: { version, commit, images: listed },
  };
  return Object.entries(contents).map(([name, content]) => {
    const file = join(folder, name);
    writeFileSync(`${file}.partial`, `${JSON.stringify(content, undefined, 2)}\n`);
    renameSync(`${file}.partial`, file);
    return file;
  });
}
