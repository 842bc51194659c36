/**
 * `npm test`: types, lint, then every test that can run here. What is left out for want of something is listed by name
 * and counted as skipped; BLUEWATERS_STRICT=1 counts it as failed. The last line is `N passed, N failed`.
 */
import { mkdtemp, readFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { removeFolder } from './cache.mjs';
import { divide } from './needs.mjs';
import { meetNeeds } from './needs-here.mjs';
import { compile } from './packages.mjs';
import { capture, hand, lastLines } from './process.mjs';
import { describeRun, statusOf } from './report.mjs';
import { SetupError, say } from './say.mjs';
import { count, resultsOf, strictly } from './tally.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */
/** @typedef {import('./needs.mjs').LeftOut} LeftOut */
/** @typedef {import('./tally.mjs').Result} Result */

/**
 * @param {string} root The repository, set up.
 * @param {readonly string[]} args For vitest. With any, only vitest runs: types and lint look at everything anyway.
 * @param {Environment} env
 * @returns {Promise<number>} Exit status: 0 when nothing failed and something ran.
 */
export async function runTests(root, args, env) {
  const folder = await mkdtemp(join(tmpdir(), 'bluewaters-test-'));
  try {
    if (args.length > 0) await compile(root).catch(warn);
    const run = { root, folder, args, env };
    // What tests need is waited for, most of the time: types and lint are looked at meanwhile.
    const [checks, ready] = await Promise.all([args.length === 0 ? runChecks(root, env) : [], makeReady(run)]);
    return report([...checks, ...(await runVitest(run, ready))], env);
  } finally {
    await removeFolder(folder);
  }
}

/**
 * Someone at work on one package may leave another broken.
 *
 * @param {unknown} error
 */
function warn(error) {
  if (!(error instanceof SetupError)) throw error;
  say(`${error.message} Going on: child processes run what was built before`);
}

/**
 * @param {string} root
 * @param {Environment} env
 * @returns {Promise<Result[]>} Types and lint at the same time, one test each; the first also leaves the builds that child
 * processes run.
 */
async function runChecks(root, env) {
  const tsc = [process.execPath, join(root, 'node_modules/typescript/bin/tsc')];
  const types = [
    [...tsc, '-b'],
    [...tsc, '-p', 'tsconfig.spec.json'],
  ];
  return Promise.all([
    check('types: everything compiles, tests included', types, root, env),
    check('lint: `npm run lint` finds nothing', [['npm', 'run', '--silent', 'lint']], root, env),
  ]);
}

/**
 * @param {string} title
 * @param {readonly (readonly string[])[]} commands Run one after another until one fails.
 * @param {string} root
 * @param {Environment} env
 * @returns {Promise<Result>}
 */
async function check(title, commands, root, env) {
  say(title);
  const start = performance.now();
  for (const [program = '', ...args] of commands) {
    if ((await hand(program, args, { cwd: root, env })) !== 0) return { title, outcome: 'failed', ms: 0 };
  }
  return { title, outcome: 'passed', ms: performance.now() - start };
}

/**
 * One call of vitest and where it leaves its reports.
 *
 * @typedef {object} Run
 * @property {string} root
 * @property {string} folder
 * @property {readonly string[]} args
 * @property {Environment} env
 */

/**
 * What is there of what the tests need, and where.
 *
 * @typedef {{ readonly files: readonly string[] } & Awaited<ReturnType<typeof meetNeeds>>} Ready
 */

/**
 * @param {Run} run
 * @returns {Promise<Ready>}
 */
async function makeReady(run) {
  const files = (await list(run, ['--filesOnly', ...run.args])).map((entry) => entry.file);
  return { files, ...(await meetNeeds(run.root, files, run.env)) };
}

/**
 * @param {Run} run
 * @param {Ready} ready
 * @returns {Promise<Result[]>}
 */
async function runVitest(run, { files, env, lacks }) {
  const { runs, leftOut } = divide(files, lacks);
  const skipped = await nameLeftOut({ ...run, env: { ...run.env, ...env } }, leftOut);
  if (runs.length === 0) return skipped;
  const BLUEWATERS_LACKS = Object.keys(lacks).join(',');
  return [...(await runFiles({ ...run, env: { ...run.env, ...env, BLUEWATERS_LACKS } })), ...skipped];
}

/**
 * @param {Run} run
 * @returns {Promise<Result[]>}
 */
async function runFiles({ root, folder, args, env }) {
  const file = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const status = await hand(process.execPath, [vitest(root), 'run', ...reporters, ...forks(), ...args], {
    cwd: root,
    env,
  });
  const results = resultsOf(await readReport(file)).map((result) => ({
    ...result,
    title: relativeTitle(root, result.title),
  }));
  // Errors outside any test, and a vitest that died, fail the run without failing a test.
  const isHidden = status !== 0 && count(results, 'failed') === 0;
  return isHidden ? [...results, { title: `vitest ended with status ${status}`, outcome: 'failed', ms: 0 }] : results;
}

/**
 * @param {string} file
 * @returns {Promise<import('./tally.mjs').Report>} Empty when vitest died before it wrote one.
 */
async function readReport(file) {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? { testResults: [] } : JSON.parse(text);
}

/** @returns {string[]} vitest leaves a core free, which on two cores would be half the machine. */
function forks() {
  return cpus().length <= 2 ? ['--maxWorkers=2', '--minWorkers=1'] : [];
}

/** @param {string} root */
const vitest = (root) => join(root, 'node_modules/vitest/vitest.mjs');

/**
 * @param {Run} run
 * @param {readonly string[]} args
 * @returns {Promise<{ file: string, name?: string }[]>} What vitest would run: files, or tests.
 */
async function list({ root, folder, env }, args) {
  const file = join(folder, 'list.json');
  const { status, output, errors } = await capture(
    process.execPath,
    [vitest(root), 'list', `--json=${file}`, ...args],
    {
      cwd: root,
      env,
    },
  );
  if (status === 0) return JSON.parse(await readFile(file, 'utf8'));
  throw new SetupError(`vitest cannot list the tests: ${lastLines(errors || output)}`, 'Look at the arguments.');
}

/**
 * @param {Run} run
 * @param {readonly LeftOut[]} leftOut
 * @returns {Promise<Result[]>} A skipped result for each test in the files.
 */
async function nameLeftOut(run, leftOut) {
  /** @type {Result[]} */
  const results = [];
  for (const { need, why, files } of leftOut) {
    say(`left out for want of ${need.what}: ${why} ${need.how}`);
    const tests = await list(run, [...files]).catch(() => []);
    // vitest does not list tests that skip themselves: their file then counts as one.
    const unlisted = files
      .filter((file) => !tests.some((test) => test.file === file))
      .map((file) => ({ file, name: '(as a whole)' }));
    const named = [...tests, ...unlisted].map(({ file, name }) => `${relative(run.root, file)} > ${name}`);
    const more = { ms: 0, why: `needs ${need.what}`, excused: need.optional === true };
    results.push(...named.map((title) => ({ title, outcome: /** @type {const} */ ('skipped'), ...more })));
  }
  return results;
}

/**
 * @param {string} root
 * @param {string} title
 * @returns {string}
 */
function relativeTitle(root, title) {
  return title.startsWith(root) ? relative(root, title) : title;
}

/**
 * @param {readonly Result[]} found
 * @param {Environment} env
 * @returns {number} Exit status.
 */
function report(found, env) {
  const results = env.BLUEWATERS_STRICT === '1' ? strictly(found) : found;
  process.stdout.write(describeRun(found, results));
  return statusOf(results);
}
