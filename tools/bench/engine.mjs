/**
 * `npm run bench:engine`: how fast the engine is beside what others use, one table, both sides of a line in turns in the
 * same run. Run it with nothing else going on; it takes about half an hour.
 *
 *   npm run bench:engine                          all lines
 *   npm run bench:engine -- resnet-50 keras       those that have all these words
 *   npm run bench:engine -- --json --turns 9      one line of JSON for each; turns of each side (5 by default)
 *
 * It gets a Python with TensorFlow as the tests do, unless BLUEWATERS_PYTHON names one; BLUEWATERS_DATA names the folder
 * of real pictures that some lines need. A ratio above 1 means that ours is the faster one. Ends with 1 when a line
 * misses its goal.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { inputComparisons } from './input.mjs';
import { networkComparisons } from './networks.mjs';
import { findPlace } from './place.mjs';
import { smallStepComparison } from './small-step.mjs';
import { startComparison } from './start.mjs';

/** @typedef {import('./comparison.mjs').Comparison} Comparison */
/** @typedef {import('./comparison.mjs').Found} Found */

const COMPARISONS = [...networkComparisons, ...inputComparisons, smallStepComparison, startComparison];

/** @param {Comparison} comparison @param {Found} found */
function row({ work, against, unit, goal }, { ours, theirs, ratio, cpuRatio }) {
  const [mine, other] = [ours, theirs].map((rate) => rate.toPrecision(4));
  const verdict = ratio >= goal ? 'met' : 'MISSED';
  return `| ${work} | ${against} | ${mine} | ${other} ${unit} | ${ratio.toFixed(2)} | ${cpuRatio.toFixed(2)} | ${goal} ${verdict} |`;
}

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false }, turns: { type: 'string', default: '5' } },
  allowPositionals: true,
});
const asked = COMPARISONS.filter(({ work, against }) =>
  positionals.every((word) => `${work} ${against}`.toLowerCase().includes(word.toLowerCase())),
);
const folder = mkdtempSync(join(tmpdir(), 'bluewaters-bench-'));
try {
  const place = await findPlace(folder, Number(values.turns));
  if (!values.json) {
    console.log('| work | against | ours | theirs | ratio | by CPU time | goal |\n|---|---|---|---|---|---|---|');
  }
  for (const comparison of asked) {
    if (comparison.needsData && place.data === undefined) {
      console.error(`left out, BLUEWATERS_DATA names no pictures: ${comparison.work}, against ${comparison.against}`);
      continue;
    }
    const found = await comparison.measure(place);
    const { work, against, unit, goal } = comparison;
    console.log(values.json ? JSON.stringify({ work, against, unit, goal, ...found }) : row(comparison, found));
    if (found.ratio < goal) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
