/**
 * How fast a training step of a network is beside others, both sides in turns in the same run.
 *
 *   node tools/bench/networks.mjs                         all
 *   node tools/bench/networks.mjs resnet-20 keras         those whose names have all these words
 *
 * Prints one line of JSON for each: images a second of both sides, and ratios above 1 where ours is the faster one.
 * Needs `npm run setup`, and BLUEWATERS_PYTHON for the sides in Python. BENCH_THREADS and BENCH_TURNS change the plan.
 * Sides "session" run the very same graph with the same settings; "keras" and "tfjs" run as they come.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchEnvironment } from '../setup/src/launch.mjs';
import { getLibtensorflow } from '../setup/src/libtensorflow.mjs';
import { Side, takeTurns } from './side.mjs';

/** @typedef {{ network: string, batch: number, against: 'session' | 'keras' | 'tfjs', steps: number }} Measurement */

/** Steps a turn make it last some seconds. @type {readonly Measurement[]} */
const MEASUREMENTS = [
  { network: 'resnet-20', batch: 128, against: 'session', steps: 5 },
  { network: 'resnet-50', batch: 8, against: 'session', steps: 2 },
  { network: 'inception-v3', batch: 8, against: 'session', steps: 2 },
  { network: 'vgg-16', batch: 8, against: 'session', steps: 1 },
  { network: 'alexnet', batch: 32, against: 'session', steps: 2 },
  { network: 'resnet-20', batch: 128, against: 'keras', steps: 5 },
  { network: 'resnet-50', batch: 8, against: 'keras', steps: 2 },
  { network: 'inception-v3', batch: 8, against: 'keras', steps: 2 },
  { network: 'vgg-16', batch: 8, against: 'keras', steps: 1 },
  { network: 'resnet-20', batch: 128, against: 'tfjs', steps: 5 },
  { network: 'resnet-50', batch: 2, against: 'tfjs', steps: 2 },
];

const here = (/** @type {string} */ file) => fileURLToPath(new URL(file, import.meta.url));
const title = (/** @type {Measurement} */ { network, batch, against }) => `${network} batch ${batch} ${against}`;

const library = await getLibtensorflow(process.env);
const ownEnvironment = launchEnvironment(process.env, library);
/** As a user of Keras or tfjs-node has it: the choice about oneDNN is TensorFlow's. */
const plainEnvironment = { ...ownEnvironment, TF_ENABLE_ONEDNN_OPTS: undefined, GLIBC_TUNABLES: undefined };

/**
 * @param {Measurement} measurement
 * @param {string} folder For the graph.
 * @returns {Side}
 */
function otherSide({ network, batch, against }, folder) {
  const python = process.env['BLUEWATERS_PYTHON'] ?? 'python3';
  if (against === 'tfjs') return new Side(process.execPath, [here('tfjs_step.mjs'), network, String(batch)], plainEnvironment); // prettier-ignore
  if (against === 'keras') return new Side(python, [here('keras_step.py'), network, String(batch)], plainEnvironment);
  return new Side(python, [here('step_session.py'), folder], ownEnvironment);
}

/**
 * @param {Measurement} measurement
 * @returns {Promise<Record<string, string | number>>}
 */
async function measure(measurement) {
  const { network, batch, against, steps } = measurement;
  const folder = mkdtempSync(join(tmpdir(), 'bluewaters-bench-'));
  const ours = new Side(process.execPath, [here('step_session.mjs'), network, String(batch), folder], ownEnvironment);
  await ours.ready();
  const theirs = otherSide(measurement, folder);
  try {
    await theirs.ready();
    const turns = Number(process.env['BENCH_TURNS'] ?? 5);
    const found = await takeTurns(ours, theirs, { steps, turns, warmup: against === 'keras' ? 3 : 2 });
    const rate = (/** @type {number} */ seconds) => Number((batch / seconds).toFixed(2));
    return {
      name: title(measurement),
      ours: rate(found.ours),
      theirs: rate(found.theirs),
      ratio: Number(found.ratio.toFixed(3)),
      cpuRatio: Number(found.cpuRatio.toFixed(3)),
      unit: 'images/s',
    };
  } finally {
    ours.close();
    theirs.close();
    rmSync(folder, { recursive: true });
  }
}

const words = process.argv.slice(2);
for (const measurement of MEASUREMENTS) {
  if (words.every((word) => title(measurement).split(' ').includes(word))) {
    console.log(JSON.stringify(await measure(measurement)));
  }
}
