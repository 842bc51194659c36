/** What the npm registry knows of weaknesses in the packages of the lock file. */
import { capture, lastLines } from './process.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */

/**
 * The part of npm's report that is read.
 *
 * @typedef {object} AuditReport
 * @property {number} auditReportVersion
 * @property {Readonly<Record<string, AuditedPackage>>} vulnerabilities By the package's name.
 */

/**
 * @typedef {object} AuditedPackage
 * @property {readonly (string | Advisory)[]} via A string names another package, through which this one is concerned.
 * @property {readonly string[]} nodes Where it is, as the lock file names the folders.
 */

/**
 * @typedef {object} Advisory
 * @property {string} name Of the package.
 * @property {string} title
 * @property {string} url Ends in the advisory's id.
 * @property {'info' | 'low' | 'moderate' | 'high' | 'critical'} severity
 * @property {string} range Of the versions that are concerned.
 */

/** Asked once: who refuses now refuses again, and tests have other things to do than to wait. */
const ASK = ['audit', '--json', '--package-lock-only', '--fetch-retries=0', '--fetch-timeout=20000'];

/**
 * @param {string} root The repository; its packages need not be installed.
 * @param {Environment} env
 * @returns {Promise<{ report: AuditReport } | { why: string }>} The report, or why there is none: half a sentence.
 */
export async function askForAdvisories(root, env) {
  const { output, errors } = await capture('npm', ASK, { cwd: root, env });
  const answer = parse(output);
  if (answer?.auditReportVersion !== undefined) return { report: answer };
  return { why: answer?.message ?? lastLines(errors || 'npm said nothing', 1) };
}

/** @param {string} text @returns {any} Undefined where it is no JSON. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
