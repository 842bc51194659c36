import { Refusal } from './refusal.mjs';

/**
 * A node of a job, with what the job may use of it.
 *
 * @typedef {object} Seat
 * @property {string} host
 * @property {number} cores
 */

/**
 * Gives each group of nodes its own, in the order in which they were asked for.
 *
 * @param {readonly import('./request.mjs').NodeGroup[]} groups
 * @param {readonly { readonly host: string, readonly features: readonly string[] }[]} hosts That Slurm chose.
 * @returns {Seat[]}
 * @throws {Refusal} When a group asks for a feature that too few have.
 */
export function seat(groups, hosts) {
  const free = [...hosts];
  return groups.flatMap(({ count, cores, features }) =>
    Array.from({ length: count }, () => {
      const index = free.findIndex((host) => features.every((feature) => host.features.includes(feature)));
      const [host] = index < 0 ? [] : free.splice(index, 1);
      if (!host) throw new Refusal(`no node is left with ${features.join(' and ') || 'any features'}`);
      return { host: host.host, cores };
    }),
  );
}
