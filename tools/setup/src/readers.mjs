/** Python's own TensorFlow and TensorBoard, for tests that read with them what we write. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, publishFolder } from './cache.mjs';
import { sha256 } from './digest.mjs';
import { capture, hand } from './process.mjs';
import { SetupError, say } from './say.mjs';
import { isStamped, writeStamp } from './stamp.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */

const HOW = 'Install one with its module venv, on Debian and Ubuntu by `apt-get install python3-venv`.';

/**
 * @param {string} root The repository.
 * @param {Environment} env
 * @returns {Promise<string>} A Python that has what tools/setup/python-readers.txt lists.
 * @throws {SetupError} When no Python fits or the packages cannot be had.
 */
export async function getReaders(root, env) {
  const requirements = join(root, 'tools/setup/python-readers.txt');
  const base = await findPython();
  if (base === undefined) throw new SetupError('There is no Python 3.9 to 3.12.', HOW);
  const key = sha256(await readFile(requirements)).slice(0, 12);
  const folder = join(cacheFolder(env), 'python-readers', `${key}-${base.version}`);
  if (!(await isStamped(folder))) {
    await publishFolder(
      folder,
      (partial) => fill(partial, base.program, requirements),
      () => isStamped(folder),
    );
  }
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
 * @param {string} requirements
 */
async function fill(folder, python, requirements) {
  say('Python readers for tests: installing TensorFlow and TensorBoard from PyPI, about 300 MB');
  const made = await capture(python, ['-m', 'venv', folder]);
  if (made.status !== 0) throw new SetupError('Python could not make a virtual environment.', HOW);
  const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary=:all:', '--requirement', requirements];
  const status = await hand(join(folder, 'bin/python'), args, {
    env: { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1' },
  });
  if (status !== 0) throw new SetupError('pip could not install the Python readers.', 'Its message above says why.');
  await writeStamp(folder);
}
