/** Where a benchmark runs: both sides' programs, environments and a folder. */
import { launchEnvironment } from '../setup/src/launch.mjs';
import { getLibtensorflow } from '../setup/src/libtensorflow.mjs';
import { getReaders } from '../setup/src/readers.mjs';

/** @typedef {import('./comparison.mjs').Place} Place */

/**
 * Gets a Python with TensorFlow as the tests do, unless BLUEWATERS_PYTHON names one.
 *
 * @param {string} folder For what is written.
 * @param {number} turns
 * @returns {Promise<Place>}
 */
export async function findPlace(folder, turns) {
  const tuned = launchEnvironment({ ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' }, await getLibtensorflow(process.env));
  const untuned = ['TF_ENABLE_ONEDNN_OPTS', 'UV_THREADPOOL_SIZE', 'GLIBC_TUNABLES'].map((name) => [name, undefined]);
  return {
    python: process.env['BLUEWATERS_PYTHON'] ?? (await getReaders(process.env)),
    data: process.env['BLUEWATERS_DATA'],
    folder,
    tuned,
    plain: { ...tuned, ...Object.fromEntries(untuned) },
    turns,
  };
}
