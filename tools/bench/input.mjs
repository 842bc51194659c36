/**
 * Input pipelines beside what they are measured by. `node tools/bench/input.mjs` runs all comparisons, or those that are
 * named: records, pipeline, training, sharp. BLUEWATERS_DATA names the real pictures, BLUEWATERS_PYTHON a Python with TensorFlow.
 * Run it with nothing else going on.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare, describe } from './turns.mjs';

/** @typedef {import('./turns.mjs').Comparison} Comparison */

/** @param {string} name */
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const COMMAND = here('../cli/bin/bluewaters.mjs');

/** A picture of the first synset of each set. */
const HELD_OUT = { 'imagenet-samples': 'n01440764_96', imagenette224: 'n01440764_10043' };

/**
 * The training shards of one of the folders of real pictures, built as a user builds them.
 *
 * @param {string} folder For the store.
 * @param {'imagenet-samples' | 'imagenette224'} pictures
 * @returns {string[]} Paths, each with its `.offsets` beside it.
 */
export function buildShards(folder, pictures) {
  const from = join(process.env['BLUEWATERS_DATA'] ?? '', pictures);
  const held = join(folder, 'held-out.txt'); // one picture: of the samples there is one for each synset
  const [first = ''] = readFileSync(join(from, 'synsets.txt'), 'utf8').split('\n', 1);
  writeFileSync(held, `${first} ${HELD_OUT[pictures]}\n`);
  const names = ['--dataset', pictures, '--store', folder];
  const files = ['--images', join(from, 'Images.tar'), '--synsets', join(from, 'synsets.txt')];
  for (const step of [
    ['ingest', ...files, '--words', join(from, 'words.txt'), ...names],
    ['shards', 'build', '--validation-list', held, ...names],
  ]) {
    execFileSync(process.execPath, [COMMAND, ...step], { stdio: 'ignore' });
  }
  const shards = join(folder, 'datasets', pictures);
  const found = readdirSync(shards).filter((name) => /^train-\d+-of-\d+$/u.test(name));
  return found.sort().map((name) => join(shards, name));
}

/**
 * Records of about 100 KB, from the page cache: by offset in random order, against TFRecordDataset in file order.
 *
 * @param {readonly string[]} shards
 * @returns {Comparison}
 */
export function recordsByRange(shards) {
  const side = (/** @type {string} */ order) => ({
    program: process.execPath,
    args: [here('input-records.mjs'), order, ...shards],
  });
  return compare({
    name: 'records in random order, by offset, against TFRecordDataset in file order',
    unit: 'records/s',
    ours: side('random'),
    theirs: side('file'),
    turns: 5,
  });
}

/** @param {readonly string[]} shards */
const pipeline = (shards) => ({ program: process.execPath, args: [here('input-pipeline.mjs'), ...shards] });

/**
 * JPEG shards to batches of 224 pixels, with random crops and flips: ours against Python's tf.data with the same stages.
 *
 * @param {readonly string[]} shards
 * @param {string} python
 * @returns {Comparison}
 */
export function pipelineAgainstPython(shards, python) {
  return compare({
    name: 'JPEG shards to 224-px batches, against tf.data in Python',
    unit: 'images/s',
    ours: pipeline(shards),
    theirs: { program: python, args: [here('input_pipeline.py'), ...shards] },
    turns: 5,
  });
}

/**
 * The same, against a loader in JavaScript on sharp.
 *
 * @param {readonly string[]} shards
 * @returns {Comparison}
 */
export function pipelineAgainstSharp(shards) {
  return compare({
    name: 'JPEG shards to 224-px batches, against a loader on sharp',
    unit: 'images/s',
    ours: pipeline(shards),
    theirs: { program: process.execPath, args: [here('input-sharp.mjs'), ...shards] },
    turns: 3,
  });
}

/**
 * Training on real shards, against training on one batch that is fed over and over: what reading costs.
 *
 * @param {readonly string[]} shards
 * @returns {Comparison}
 */
export function trainingOnShards(shards) {
  const side = (/** @type {string} */ kind) => ({
    program: process.execPath,
    args: [here('input-training.mjs'), kind, ...shards],
  });
  return compare({
    name: 'training on real shards at 224 px, against constant input',
    unit: 'images/s',
    ours: side('real'),
    theirs: side('constant'),
    turns: 3,
  });
}

/** @type {Readonly<Record<string, (folder: string) => Comparison | string>>} */
const COMPARISONS = {
  records: (folder) => recordsByRange(buildShards(folder, 'imagenet-samples')),
  pipeline: (folder) => {
    const python = process.env['BLUEWATERS_PYTHON'];
    if (!python) return 'pipeline: left out, BLUEWATERS_PYTHON does not name a Python with TensorFlow';
    return pipelineAgainstPython(buildShards(folder, 'imagenette224'), python);
  },
  training: (folder) => trainingOnShards(buildShards(folder, 'imagenette224')),
  sharp: (folder) => pipelineAgainstSharp(buildShards(folder, 'imagenette224')),
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!process.env['BLUEWATERS_DATA']) throw new Error('BLUEWATERS_DATA does not name the real pictures');
  const asked = process.argv.slice(2);
  for (const name of asked.length > 0 ? asked : Object.keys(COMPARISONS)) {
    const comparison = COMPARISONS[name];
    if (!comparison) throw new Error(`there is no ${name}; there are ${Object.keys(COMPARISONS).join(', ')}`);
    const folder = mkdtempSync(join(tmpdir(), 'bluewaters-bench-'));
    try {
      const result = comparison(folder);
      console.log(typeof result === 'string' ? result : describe(result));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
