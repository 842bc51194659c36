/** Python with packages of its own: TensorFlow and TensorBoard, for tests that read with them what we write, and PyTorch. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './cache.mjs';
import { sha256 } from './digest.mjs';
import { capture, hand } from './process.mjs';
import { SetupError, say } from './say.mjs';
import { fillOnce, writeStamp } from './stamp.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */

const HOW = 'Install one with its module venv, on Debian and Ubuntu by `apt-get install python3-venv`.';

/**
 * Packages of Python that something needs.
 *
 * @typedef {object} Packages
 * @property {string} name Of the folder in the cache.
 * @property {URL} requirements The file that lists them, each with its version.
 * @property {string} what That is installed, for the user.
 */

/** @type {Packages} */
const READERS = {
  name: 'python-readers',
  requirements: new URL('../python-readers.txt', import.meta.url),
  what: 'Python readers for tests: installing TensorFlow and TensorBoard from PyPI, about 300 MB',
};

/** @type {Packages} */
const TORCH = {
  name: 'pytorch',
  requirements: new URL('../pytorch.txt', import.meta.url),
  what: 'the other side of the benchmark: installing PyTorch from PyPI, about 3 GB',
};

/**
 * @param {Environment} env
 * @returns {Promise<string>} A Python that has what tools/setup/python-readers.txt lists.
 * @throws {SetupError} When no Python fits or the packages cannot be had.
 */
export function getReaders(env) {
  return pythonWith(READERS, env);
}

/**
 * @param {Environment} env
 * @returns {Promise<string>} A Python that has what tools/setup/pytorch.txt lists.
 * @throws {SetupError} When no Python fits or the packages cannot be had.
 */
export function getTorch(env) {
  return pythonWith(TORCH, env);
}

/** @param {Packages} packages @param {Environment} env */
async function pythonWith(packages, env) {
  const base = await findPython();
  if (base === undefined) throw new SetupError('There is no Python 3.9 to 3.12.', HOW);
  const key = sha256(await readFile(packages.requirements)).slice(0, 12);
  const folder = join(cacheFolder(env), packages.name, `${key}-${base.version}`);
  await fillOnce(folder, (partial) => fill(partial, base.program, packages));
  return join(folder, 'bin/python');
}

/**
 * @returns {Promise<{ program: string, version: string } | undefined>} The first Python that TensorFlow's wheels fit.
 */
export async function findPython() {
  const names = ['python3', 'python3.12', 'python3.11', 'python3.10', 'python3.9'];
  const facts = 'import sys; print(sys.executable, "%d.%d" % sys.version_info[:2])';
  for (const name of names) {
    const [program, version] = (await capture(name, ['-c', facts])).output.trim().split(' ');
    if (program && version && fitsReaders(version)) return { program, version };
  }
  return undefined;
}

/**
 * @param {string} version Major and minor.
 * @returns {boolean}
 */
export function fitsReaders(version) {
  return ['3.9', '3.10', '3.11', '3.12'].includes(version);
}

/**
 * @param {string} folder
 * @param {string} python
 * @param {Packages} packages
 */
async function fill(folder, python, { requirements, what }) {
  say(what);
  const made = await capture(python, ['-m', 'venv', folder]);
  if (made.status !== 0) throw new SetupError('Python could not make a virtual environment.', HOW);
  const list = fileURLToPath(requirements);
  const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary=:all:', '--requirement', list];
  const status = await hand(join(folder, 'bin/python'), args, {
    env: { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1' },
  });
  if (status !== 0) throw new SetupError('pip could not install Python packages.', 'Its message above says why.');
  await writeStamp(folder);
}
