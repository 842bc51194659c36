/** Input pipelines over shards of real pictures, built as a user builds them. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beside, race } from './comparison.mjs';
import { Side } from './side.mjs';

/** @typedef {import('./comparison.mjs').Comparison} Comparison */
/** @typedef {import('./comparison.mjs').Place} Place */
/** @typedef {keyof typeof HELD_OUT} Pictures */

const COMMAND = beside('../cli/bin/bluewaters.mjs');

/** A picture of the first synset of each set: of the larger ones there is a single one for each synset. */
const HELD_OUT = { 'imagenet-samples': 'n01440764_96', imagenette224: 'n01440764_10043' };

/**
 * @param {Place} place
 * @param {Pictures} pictures
 * @returns {string[]} Paths of the training shards, each with its `.offsets` beside it.
 */
function shardsOf({ data = '', folder, tuned }, pictures) {
  const shards = join(folder, 'datasets', pictures);
  if (!existsSync(join(shards, 'manifest.json'))) {
    const from = join(data, pictures);
    const heldOut = join(folder, `${pictures}.held-out.txt`);
    const [first = ''] = readFileSync(join(from, 'synsets.txt'), 'utf8').split('\n', 1);
    writeFileSync(heldOut, `${first} ${HELD_OUT[pictures]}\n`);
    const names = ['--dataset', pictures, '--store', folder];
    const files = ['--images', join(from, 'Images.tar'), '--synsets', join(from, 'synsets.txt')];
    for (const step of [
      ['ingest', ...files, '--words', join(from, 'words.txt'), ...names],
      ['shards', 'build', '--validation-list', heldOut, ...names],
    ]) {
      execFileSync(process.execPath, [COMMAND, ...step], { stdio: 'ignore', env: tuned });
    }
  }
  const found = readdirSync(shards).filter((name) => /^train-\d+-of-\d+$/u.test(name));
  return found.sort().map((name) => join(shards, name));
}

/**
 * A program on shards, the one that Node runs or, for a `.py`, Python.
 *
 * @param {Place} place
 * @param {readonly [file: string, ...args: string[]]} command
 */
function side({ python, tuned }, [file, ...args]) {
  return () => new Side(file.endsWith('.py') ? python : process.execPath, [beside(file), ...args], tuned);
}

/** @type {readonly Comparison[]} */
export const inputComparisons = [
  {
    work: 'records of 106 KB in random order, by offset',
    against: 'TFRecordDataset in file order',
    unit: 'records/s',
    goal: 0.9,
    needsData: true,
    measure: (place) => {
      const shards = shardsOf(place, 'imagenet-samples');
      const [ours, theirs] = ['random', 'file'].map((order) => side(place, ['input_records.mjs', order, ...shards]));
      return race(ours, theirs, { units: 100, steps: 100, turns: place.turns, warmup: 20 });
    },
  },
  {
    work: 'JPEG shards to 224-px batches',
    against: "Python's tf.data, same stages",
    unit: 'images/s',
    goal: 0.98,
    needsData: true,
    measure: (place) => {
      const shards = shardsOf(place, 'imagenette224');
      const [ours, theirs] = [
        side(place, ['input_pipeline.mjs', ...shards]),
        side(place, ['input_pipeline.py', ...shards]),
      ];
      return race(ours, theirs, { units: 64, steps: 20, turns: place.turns, warmup: 10 });
    },
  },
  {
    work: 'JPEG shards to 224-px batches',
    against: 'a loader in JavaScript on sharp',
    unit: 'images/s',
    goal: 3,
    needsData: true,
    measure: (place) => {
      const shards = shardsOf(place, 'imagenette224');
      const [ours, theirs] = [
        side(place, ['input_pipeline.mjs', ...shards]),
        side(place, ['input_sharp.mjs', ...shards]),
      ];
      return race(ours, theirs, { units: 64, steps: 6, turns: place.turns, warmup: 4 });
    },
  },
  {
    work: 'training resnet-50 at 224 px on real shards',
    against: 'training on constant input',
    unit: 'images/s',
    goal: 0.95,
    needsData: true,
    measure: (place) => {
      const shards = shardsOf(place, 'imagenette224');
      const [ours, theirs] = ['real', 'constant'].map((kind) => side(place, ['input_training.mjs', kind, ...shards]));
      return race(ours, theirs, { units: 8, steps: 2, turns: place.turns, warmup: 2 });
    },
  },
];
