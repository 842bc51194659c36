/** What the lines of the benchmark have in common. */
import { fileURLToPath } from 'node:url';
import { takeTurns } from './side.mjs';

/**
 * Where a comparison runs.
 *
 * @typedef {object} Place
 * @property {string} python With TensorFlow, NumPy and Keras.
 * @property {string | undefined} data Folder of real pictures.
 * @property {string} folder For what a comparison writes; empty at first, and shared by all.
 * @property {Record<string, string | undefined>} tuned The environment that set-up starts our programs with.
 * @property {Record<string, string | undefined>} plain The environment of someone who has set nothing.
 * @property {number} turns Of each side.
 */

/**
 * What was found: units a second of both sides, and how many times faster ours is, by the clock and by the processor's
 * time, which other programs disturb less.
 *
 * @typedef {{ ours: number, theirs: number, ratio: number, cpuRatio: number }} Found
 */

/**
 * One line of the table.
 *
 * @typedef {object} Comparison
 * @property {string} work
 * @property {string} against
 * @property {string} unit
 * @property {number} goal The least ratio that is good enough.
 * @property {boolean} [needsData] Whether it reads real pictures.
 * @property {(place: Place) => Promise<Found>} measure
 */

/** @param {string} name A file of this folder. */
export const beside = (name) => fileURLToPath(new URL(name, import.meta.url));

/** The program `bluewaters`. */
export const COMMAND = beside('../cli/bin/bluewaters.mjs');

/**
 * How long sides run.
 *
 * @typedef {{ units: number, steps: number, turns: number, warmup?: number }} Plan `units` in a step, `steps` a turn.
 */

/**
 * Starts our side and then the other, which may need what ours has written, and lets them take turns.
 *
 * @param {() => import('./side.mjs').Side} startOurs
 * @param {() => import('./side.mjs').Side} startTheirs
 * @param {Plan} plan
 * @returns {Promise<Found>}
 */
export async function race(startOurs, startTheirs, { units, steps, turns, warmup = 2 }) {
  /** @type {import('./side.mjs').Side[]} */
  const sides = [];
  const start = async (/** @type {() => import('./side.mjs').Side} */ startSide) => {
    const side = startSide();
    sides.push(side);
    await side.ready();
    return side;
  };
  try {
    const [ours, theirs] = [await start(startOurs), await start(startTheirs)];
    const found = await takeTurns(ours, theirs, { steps, turns, warmup });
    return { ...found, ours: units / found.ours, theirs: units / found.theirs };
  } finally {
    for (const side of sides) side.close();
  }
}
