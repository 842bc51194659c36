import { capture, onPath } from './process.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */

/**
 * @param {Environment} env
 * @returns {Promise<{ launcher: string, library: string } | undefined>} MPI's launcher and its library's file, undefined
 *   unless both are here.
 */
export async function findMpi(env) {
  const launcher = ['mpiexec', 'mpirun', 'srun', 'aprun'].map((name) => onPath(name, env)).find(Boolean);
  const { output } = await capture('/sbin/ldconfig', ['-p']);
  const library = /=> (\S*\/lib(?:mpich|mpi)\.so\S*)/.exec(output)?.[1];
  return launcher && library ? { launcher, library } : undefined;
}
