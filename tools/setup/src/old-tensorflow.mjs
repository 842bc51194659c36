/** TensorFlow 1.12, whose C interface is within the extension that Python 3.6 imports, for a test on old libraries. */
import { readdir, readlink, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { cacheFolder } from './cache.mjs';
import { OLD_TENSORFLOW_VERSION, OLD_TENSORFLOW_WHEEL } from './pins.mjs';
import { capture } from './process.mjs';
import { unpackWheel } from './python.mjs';
import { SetupError } from './say.mjs';
import { fillOnce, writeStamp } from './stamp.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */

/** Where the wheel has the two libraries. */
const LIBRARIES = String.raw`.*/tensorflow/(?:python/)?(_pywrap_tensorflow_internal\.so|libtensorflow_framework\.so)$`;

/**
 * @param {Environment} env
 * @returns {Promise<string>} A folder for LIBTENSORFLOW_DIR: the two libraries, and a link to Python's.
 * @throws {SetupError} When there is no library of Python 3.6, or the wheel cannot be had.
 */
export async function getOldTensorflow(env) {
  const python = await findPythonLibrary(env);
  if (python === undefined) throw new SetupError('No libpython3.6m was found.', '');
  const folder = join(cacheFolder(env), 'old-tensorflow', OLD_TENSORFLOW_VERSION);
  await fillOnce(folder, fill);
  await link(python, join(folder, basename(python)));
  return folder;
}

/** @param {string} partial */
async function fill(partial) {
  await unpackWheel(OLD_TENSORFLOW_WHEEL, partial, LIBRARIES);
  await writeStamp(partial);
}

/**
 * @param {Environment} env
 * @returns {Promise<string | undefined>} Of pyenv, or the system's own.
 */
async function findPythonLibrary(env) {
  const versions = join(env.PYENV_ROOT ?? join(env.HOME ?? homedir(), '.pyenv'), 'versions');
  for (const version of await readdir(versions).catch(() => [])) {
    if (!version.startsWith('3.6.')) continue;
    const files = await readdir(join(versions, version, 'lib')).catch(() => []);
    const library = files.find((file) => file === 'libpython3.6m.so.1.0');
    if (library !== undefined) return join(versions, version, 'lib', library);
  }
  const { output } = await capture('/sbin/ldconfig', ['-p']);
  return /=> (\S*\/libpython3\.6m\.so\S*)/.exec(output)?.[1];
}

/**
 * @param {string} target
 * @param {string} path
 */
async function link(target, path) {
  if ((await readlink(path).catch(() => undefined)) === target) return;
  await rm(path, { force: true });
  await symlink(target, path);
}
