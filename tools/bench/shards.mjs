/** The shards that benchmarks read, made from the pictures as a user makes them. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND } from './comparison.mjs';

/** @typedef {import('./comparison.mjs').Place} Place */
/** @typedef {keyof typeof PICTURES} Pictures */

/**
 * Sets of pictures, and one of each that is held out: a split needs one at least, and of the larger photographs there
 * is a single one for each synset.
 */
export const PICTURES = {
  'imagenet-samples': { archive: 'Images.tar', heldOut: 'n01440764 n01440764_96' },
  imagenette224: { archive: 'Images.tar', heldOut: 'n01440764 n01440764_10043' },
  cifar10: { archive: 'Images.tar.gz', heldOut: undefined },
};

/**
 * Builds the dataset of a set of pictures in the store, unless it is there.
 *
 * @param {Place} place The store is its folder.
 * @param {Pictures} pictures
 * @returns {string[]} Paths of the training shards, each with its `.offsets` beside it.
 */
export function shardsOf({ data = '', folder, tuned }, pictures) {
  const shards = join(folder, 'datasets', pictures);
  if (!existsSync(join(shards, 'manifest.json'))) {
    const from = join(data, pictures);
    const { archive, heldOut } = PICTURES[pictures];
    const names = ['--dataset', pictures, '--store', folder];
    const files = ['--images', join(from, archive), '--synsets', join(from, 'synsets.txt')];
    for (const step of [
      ['ingest', ...files, '--words', join(from, 'words.txt'), ...names],
      ['shards', 'build', ...holdOut(folder, heldOut), ...names],
    ]) {
      execFileSync(process.execPath, [COMMAND, ...step], { stdio: ['ignore', 'ignore', 'pipe'], env: tuned });
    }
  }
  return shardPaths(shards, 'train');
}

/**
 * @param {string} folder Of a dataset.
 * @param {'train' | 'validation'} split
 * @returns {string[]} Paths of its shards, in their order.
 */
export function shardPaths(folder, split) {
  const names = readdirSync(folder).filter((name) => new RegExp(`^${split}-\\d+-of-\\d+$`, 'u').test(name));
  return names.sort().map((name) => join(folder, name));
}

/** @param {string} folder @param {string | undefined} heldOut Synset and image id; by share where there is none. */
function holdOut(folder, heldOut) {
  if (heldOut === undefined) return [];
  const list = join(folder, 'held-out.txt');
  writeFileSync(list, `${heldOut}\n`);
  return ['--validation-list', list];
}
