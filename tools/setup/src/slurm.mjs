import { capture, onPath } from './process.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */

/**
 * @param {Environment} env
 * @returns {Promise<string | undefined>} Why the one-host cluster cannot be started here, undefined when it can.
 */
export async function whatClusterLacks(env) {
  const missing = ['slurmctld', 'slurmd', 'munged'].filter((name) => !onPath(name, env));
  const { output } = await capture('/sbin/ldconfig', ['-p']);
  // Slurm's process manager speaks MPICH's protocol, not Open MPI's.
  if (!output.includes('libmpich.so')) missing.push('libmpich.so');
  return missing.length === 0 ? undefined : `Not found: ${missing.join(', ')}.`;
}
