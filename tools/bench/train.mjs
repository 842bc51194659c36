/**
 * `npm run bench:train`: how fast networks are trained on real pictures, and in how much memory, by `bluewaters train`,
 * by Keras's fit on the same shards, and by PyTorch on the same pictures; whole programs as a user runs them, all sides
 * of a line one after the other, in turns. Run it with nothing else going on; it takes about half an hour.
 *
 *   npm run bench:train                           all lines
 *   npm run bench:train -- resnet-50 keras        those that have all these words
 *   npm run bench:train -- --json --turns 3       one line of JSON for each; turns of each side (1 by default)
 *
 * BLUEWATERS_DATA names the folder of pictures; Python with TensorFlow is had as for the tests, PyTorch from PyPI (3 GB;
 * left out where it cannot be had), unless BLUEWATERS_PYTORCH names a Python that has it. A ratio above 1 means
 * that ours is the faster one, or takes less memory. Ends with 1 when a line misses a goal.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { getTorch } from '../setup/src/readers.mjs';
import { findPlace } from './place.mjs';
import { median } from './side.mjs';
import { trainKeras, trainOurs, trainTorchWith } from './training/sides.mjs';

/** @typedef {import('./training/sides.mjs').Train} Train */
/** @typedef {import('./training/sides.mjs').Trained} Trained */
/** @typedef {import('./training/sides.mjs').Training} Training */

/** @type {readonly Training[]} */
const TRAININGS = [
  { network: 'resnet-20', pictures: 'cifar10', batch: 128, steps: 100 },
  { network: 'alexnet', pictures: 'imagenette224', batch: 32, steps: 60 },
  { network: 'googlenet', pictures: 'imagenette224', batch: 16, steps: 40 },
  { network: 'resnet-50', pictures: 'imagenette224', batch: 8, steps: 40 },
  { network: 'inception-v3', pictures: 'imagenette224', batch: 8, steps: 40 },
  { network: 'vgg-16', pictures: 'imagenette224', batch: 4, steps: 40 },
];

/**
 * What a side is compared with: the least ratio of images a second that is good enough, and whether memory has a goal.
 *
 * @typedef {{ against: string, train: Train, goal: number, memory: boolean }} Other
 */

/** @returns {Promise<Other[]>} */
async function others() {
  const keras = { against: 'Keras fit, as it comes', train: trainKeras, goal: 1.4, memory: true };
  try {
    const torch = process.env['BLUEWATERS_PYTORCH'] ?? (await getTorch(process.env));
    return [keras, { against: 'PyTorch, as it comes', train: trainTorchWith(torch), goal: 1, memory: false }];
  } catch (error) {
    console.error(`PyTorch is left out: ${error instanceof Error ? error.message : error}`);
    return [keras];
  }
}

/** Medians over turns. @param {readonly Trained[]} turns @returns {Trained} */
function typical(turns) {
  return {
    imagesPerSecond: median(turns.map(({ imagesPerSecond }) => imagesPerSecond)),
    peakBytes: median(turns.map(({ peakBytes }) => peakBytes)),
  };
}

/** @param {readonly Train[]} sides @param {Training} training @param {import('./comparison.mjs').Place} place */
async function takeTurns(sides, training, place) {
  /** @type {Trained[][]} */
  const found = sides.map(() => []);
  for (let turn = 0; turn < place.turns; turn += 1) {
    for (const [side, train] of sides.entries()) found[side]?.push(await train(training, place));
  }
  return found.map(typical);
}

/** @param {Training} training @param {Other} other @param {Trained} ours @param {Trained} theirs */
function compare({ network, batch }, { against, goal, memory }, ours, theirs) {
  const ratio = ours.imagesPerSecond / theirs.imagesPerSecond;
  const memoryRatio = theirs.peakBytes / ours.peakBytes;
  const met = ratio >= goal && (!memory || memoryRatio >= 1);
  return { work: `${network}, batch ${batch}`, against, ours, theirs, ratio, memoryRatio, goal, met };
}

/** @param {ReturnType<typeof compare>} found */
function row({ work, against, ours, theirs, ratio, memoryRatio, goal, met }) {
  const [mine, other] = [ours, theirs].map(
    ({ imagesPerSecond, peakBytes }) =>
      `${imagesPerSecond.toPrecision(3)} images/s, ${Math.round(peakBytes / 2 ** 20)} MiB`,
  );
  const ratios = `${ratio.toFixed(2)} | ${memoryRatio.toFixed(2)}`;
  return `| ${work} | ${against} | ${mine} | ${other} | ${ratios} | ${goal} ${met ? 'met' : 'MISSED'} |`;
}

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false }, turns: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const asked = (/** @type {Training} */ { network }, /** @type {Other} */ { against }) =>
  positionals.every((word) => `${network} ${against}`.toLowerCase().includes(word.toLowerCase()));
const folder = mkdtempSync(join(tmpdir(), 'bluewaters-bench-'));
try {
  const place = await findPlace(folder, Number(values.turns));
  if (place.data === undefined) throw new Error('BLUEWATERS_DATA names no folder of pictures');
  const beside = await others();
  if (!values.json) {
    console.log('| work | against | ours | theirs | ratio | of memory | goal |\n|---|---|---|---|---|---|---|');
  }
  for (const training of TRAININGS) {
    const against = beside.filter((other) => asked(training, other));
    if (against.length === 0) continue;
    const [ours, ...theirs] = await takeTurns([trainOurs, ...against.map(({ train }) => train)], training, place);
    for (const [index, other] of against.entries()) {
      const their = theirs[index];
      if (!ours || !their) continue;
      const found = compare(training, other, ours, their);
      console.log(values.json ? JSON.stringify(found) : row(found));
      if (!found.met) process.exitCode = 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
