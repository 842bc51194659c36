/** Counts what ran, and says it in the last line. */

/**
 * What one test came to.
 *
 * @typedef {object} Result
 * @property {string} title The test's own sentence, with the file and groups it stands in.
 * @property {'passed' | 'failed' | 'skipped'} outcome
 * @property {number} ms How long it took; 0 when it did not run.
 * @property {string} [why] Why it did not run.
 * @property {boolean} [excused] Skipped for a want that BLUEWATERS_STRICT does not hold against this machine.
 */

/**
 * The part of vitest's JSON report that is read.
 *
 * @typedef {object} Report
 * @property {readonly ReportedFile[]} testResults
 */

/**
 * @typedef {object} ReportedFile
 * @property {string} name
 * @property {string} status
 * @property {string} [message]
 * @property {readonly ReportedTest[]} assertionResults
 */

/**
 * @typedef {object} ReportedTest
 * @property {string} fullName
 * @property {string} status
 * @property {number | null} [duration]
 */

/**
 * @param {Report} report
 * @returns {Result[]} One for each test, and a failed one for each file that could not be loaded.
 */
export function resultsOf(report) {
  return report.testResults.flatMap((file) => {
    const tests = file.assertionResults.map((test) => resultOf(file, test));
    const isBroken = file.status === 'failed' && !tests.some((test) => test.outcome === 'failed');
    return isBroken ? [...tests, { title: `${file.name} (as a whole)`, outcome: 'failed', ms: 0 }] : tests;
  });
}

/**
 * @param {ReportedFile} file
 * @param {ReportedTest} test
 * @returns {Result}
 */
function resultOf(file, test) {
  const title = `${file.name} > ${test.fullName.trim()}`;
  if (test.status === 'passed' || test.status === 'failed') {
    return { title, outcome: test.status, ms: test.duration ?? 0 };
  }
  return { title, outcome: 'skipped', ms: 0, why: 'the test skips itself' };
}

/**
 * Under BLUEWATERS_STRICT a test that was skipped for want of something has failed.
 *
 * @param {readonly Result[]} results
 * @returns {Result[]}
 */
export function strictly(results) {
  return results.map((result) =>
    result.outcome === 'skipped' && !result.excused ? { ...result, outcome: 'failed' } : result,
  );
}

/**
 * @param {readonly Result[]} results
 * @param {Result['outcome']} outcome
 * @returns {number}
 */
export function count(results, outcome) {
  return results.filter((result) => result.outcome === outcome).length;
}

/**
 * @param {readonly Result[]} results
 * @returns {string} `N passed, N failed`, and `, N skipped` when some were.
 */
export function lastLine(results) {
  const skipped = count(results, 'skipped');
  const ran = `${count(results, 'passed')} passed, ${count(results, 'failed')} failed`;
  return skipped === 0 ? ran : `${ran}, ${skipped} skipped`;
}

/**
 * @param {readonly Result[]} results
 * @param {number} most
 * @returns {Result[]} The slowest first.
 */
export function slowest(results, most) {
  return [...results]
    .filter((result) => result.ms > 0)
    .sort((one, other) => other.ms - one.ms)
    .slice(0, most);
}
