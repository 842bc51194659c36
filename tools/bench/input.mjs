/** Input pipelines over shards of real pictures, built as a user builds them. */
import { beside, race } from './comparison.mjs';
import { shardsOf } from './shards.mjs';
import { Side } from './side.mjs';

/** @typedef {import('./comparison.mjs').Comparison} Comparison */
/** @typedef {import('./comparison.mjs').Place} Place */

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
