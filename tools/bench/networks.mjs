/**
 * A training step of a network, on one batch that stays where it is. The side "session" is Python's session on the very
 * same graph with the same settings; Keras and tfjs-node run as they come.
 */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { beside, race } from './comparison.mjs';
import { Side } from './side.mjs';

/** @typedef {import('./comparison.mjs').Comparison} Comparison */
/** @typedef {import('./comparison.mjs').Place} Place */
/** @typedef {'session' | 'keras' | 'tfjs'} Other */
/** @typedef {{ network: string, batch: number, other: Other, steps: number, warmup?: number }} Measurement */

/** @type {Readonly<Record<Other, { against: string, goal: number }>>} */
const OTHERS = {
  session: { against: "Python's session on the same GraphDef", goal: 0.98 },
  keras: { against: 'tf.keras train_on_batch as it comes', goal: 1.4 },
  tfjs: { against: 'stock tfjs-node trainOnBatch', goal: 2.5 },
};

/** Steps a turn make it last some seconds. @type {readonly Measurement[]} */
const MEASUREMENTS = [
  { network: 'resnet-20', batch: 128, other: 'session', steps: 5 },
  { network: 'resnet-50', batch: 8, other: 'session', steps: 2 },
  { network: 'inception-v3', batch: 8, other: 'session', steps: 2 },
  { network: 'vgg-16', batch: 8, other: 'session', steps: 1 },
  { network: 'resnet-20', batch: 128, other: 'keras', steps: 5 },
  { network: 'resnet-50', batch: 8, other: 'keras', steps: 2 },
  { network: 'inception-v3', batch: 8, other: 'keras', steps: 2 },
  { network: 'vgg-16', batch: 8, other: 'keras', steps: 1 },
  { network: 'resnet-20', batch: 128, other: 'tfjs', steps: 2, warmup: 1 },
  { network: 'resnet-50', batch: 2, other: 'tfjs', steps: 1, warmup: 1 },
];

/**
 * @param {Measurement} measurement
 * @param {Place} place
 * @param {string} graphs Where our side writes the graph.
 * @returns {Side}
 */
function otherSide({ network, batch, other }, { python, tuned, plain }, graphs) {
  if (other === 'session') return new Side(python, [beside('step_session.py'), graphs], tuned);
  if (other === 'keras') return new Side(python, [beside('keras_step.py'), network, String(batch)], plain);
  return new Side(process.execPath, [beside('tfjs_step.mjs'), network, String(batch)], plain);
}

/** @type {readonly Comparison[]} */
export const networkComparisons = MEASUREMENTS.map((measurement) => {
  const { network, batch, other, steps, warmup = 2 } = measurement;
  return {
    work: `${network} step, batch ${batch}`,
    unit: 'images/s',
    ...OTHERS[other],
    measure: (place) => {
      const graphs = mkdtempSync(join(place.folder, 'graph-'));
      const args = [beside('step_session.mjs'), network, String(batch), ...(other === 'session' ? [graphs] : [])];
      return race(
        () => new Side(process.execPath, args, place.tuned),
        () => otherSide(measurement, place, graphs),
        { units: batch, steps, turns: place.turns, warmup },
      );
    },
  };
});
