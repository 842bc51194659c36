/** What stays of a release beside its images. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { billOfMaterials } from './bill.mjs';
import { billOfImage } from './image-bill.mjs';
import { ROOT } from './release.mjs';

/** @typedef {import('./image-bill.mjs').Inside} Inside */
/** @typedef {import('./release.mjs').Image & { readonly bytes: number, readonly inside: Inside, readonly digest?: string }} Image */
/** @typedef {import('./release.mjs').List & { readonly digest?: string }} List */
/** @typedef {import('./release.mjs').Release} Release */

/**
 * Writes the bill of materials, that of each image, and then what was released.
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
  const bill = billOfMaterials(ROOT);
  const bills = images.map((image) => [`${nameOf(image)}.cdx.json`, billOfImage(bill, image, image.inside)]);
  const contents = {
    [`bluewaters-${tag}.cdx.json`]: bill,
    ...Object.fromEntries(bills),
    [`release-${tag}.json`]: { version, commit, images: listed, lists },
  };
  return Object.entries(contents).map(([name, content]) => {
    const file = join(folder, name);
    writeFileSync(`${file}.partial`, `${JSON.stringify(content, undefined, 2)}\n`);
    renameSync(`${file}.partial`, file);
    return file;
  });
}

/** As `bluewaters-cli-0.1.0-arm64`. @param {Image} image */
const nameOf = ({ built }) => built.replace(/[/:]/gu, '-');
