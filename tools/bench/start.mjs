/** The time from the start of a process to the end of its first training step. */
import { execFileSync } from 'node:child_process';
import { beside } from './comparison.mjs';
import { median } from './side.mjs';

/** @typedef {import('./comparison.mjs').Place} Place */

/**
 * @param {string} program
 * @param {string} file Prints the processor's seconds that it took.
 * @param {Place} place
 * @returns {{ seconds: number, cpuSeconds: number }}
 */
function firstStep(program, file, { tuned }) {
  const startedAt = performance.now();
  const output = execFileSync(program, [beside(file), '--once'], { env: tuned, stdio: ['ignore', 'pipe', 'ignore'] });
  return { seconds: (performance.now() - startedAt) / 1000, cpuSeconds: Number(output.toString()) };
}

/** @type {import('./comparison.mjs').Comparison} */
export const startComparison = {
  work: 'start of a process to its first step',
  against: "Python's import to first step",
  unit: 'starts/s',
  goal: 1.5,
  measure: async (place) => {
    const turn = () => ({
      ours: firstStep(process.execPath, 'small_step_session.mjs', place),
      theirs: firstStep(place.python, 'small_step.py', place),
    });
    turn(); // brings the files into memory
    const turns = Array.from({ length: place.turns }, turn);
    return {
      ours: 1 / median(turns.map(({ ours }) => ours.seconds)),
      theirs: 1 / median(turns.map(({ theirs }) => theirs.seconds)),
      ratio: median(turns.map(({ ours, theirs }) => theirs.seconds / ours.seconds)),
      cpuRatio: median(turns.map(({ ours, theirs }) => theirs.cpuSeconds / ours.cpuSeconds)),
    };
  },
};
