/** What `npm test` prints at its end. */
import { count, lastLine, slowest } from './tally.mjs';

/** @typedef {import('./tally.mjs').Result} Result */

const SLOWEST = 20;

/**
 * The slowest tests, those that did not run, those that failed, and the last line.
 *
 * @param {readonly Result[]} found
 * @param {readonly Result[]} [results] What counts: `found`, or what a strict run makes of it.
 * @returns {string} Lines, the last one `N passed, N failed`.
 */
export function describeRun(found, results = found) {
  return [
    ...section(
      'Slowest tests',
      slowest(results, SLOWEST).map((result) => `${Math.round(result.ms)} ms  ${result.title}`),
    ),
    ...section(
      'Did not run',
      found.filter((result) => result.why).map((result) => `${result.title}: ${result.why}`),
    ),
    ...section(
      'Failed',
      results.filter((result) => result.outcome === 'failed').map((result) => result.title),
    ),
    '',
    lastLine(results),
    '',
  ].join('\n');
}

/**
 * @param {readonly Result[]} results
 * @returns {number} Exit status: 0 when nothing failed and something ran.
 */
export function statusOf(results) {
  return count(results, 'failed') === 0 && count(results, 'passed') > 0 ? 0 : 1;
}

/**
 * @param {string} heading
 * @param {readonly string[]} lines A title may hold any character; each is printed on one line.
 * @returns {string[]} Nothing where there are no lines.
 */
function section(heading, lines) {
  if (lines.length === 0) return [];
  const plain = lines.map((line) => line.replace(/\p{Cc}/gu, (control) => JSON.stringify(control).slice(1, -1)));
  return ['', heading, ...plain.map((line) => `  ${line}`)];
}
