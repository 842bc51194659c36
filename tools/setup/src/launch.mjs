import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {import('./cache.mjs').Environment} Environment */
/** @typedef {import('./libtensorflow.mjs').Libtensorflow} Libtensorflow */

/**
 * The variables that must be set before Node starts: libuv and TensorFlow read them once.
 *
 * @param {Environment} env What the user has set stays.
 * @param {Libtensorflow} library
 * @returns {Environment}
 */
export function launchEnvironment(env, library) {
  const compiler = join(library.folder, 'nvidia/cuda_nvcc');
  return {
    // Sessions wait on libuv's threads: with its four, files and sharp would wait behind them.
    UV_THREADPOOL_SIZE: '16',
    TF_ENABLE_ONEDNN_OPTS: '1',
    TF_CPP_MIN_LOG_LEVEL: '2',
    ...(existsSync(compiler) ? { XLA_FLAGS: `--xla_gpu_cuda_data_dir=${compiler}` } : {}),
    ...env,
    LIBTENSORFLOW_DIR: library.folder,
  };
}
