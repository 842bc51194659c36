/** Advisories on packages of the lock file: which are known and why they do not concern us. */

/** @typedef {import('../../setup/src/advisories.mjs').AuditReport} AuditReport */
/** @typedef {import('../../setup/src/advisories.mjs').Advisory} Advisory */

/**
 * @typedef {object} Accepted An advisory that does not concern us.
 * @property {string} id As at the end of its address: `GHSA-xxxx-xxxx-xxxx`.
 * @property {string} package
 * @property {string} why It does not.
 * @property {string} until The day, as `2027-01-31`, from which someone has to look at it again.
 */

/**
 * All that may be: nothing else that is high or critical passes.
 *
 * @type {readonly Accepted[]}
 */
export const ACCEPTED = [];

/** Severities that are not let pass. */
const GRAVE = ['high', 'critical'];

/**
 * @param {AuditReport} report
 * @param {readonly Accepted[]} accepted
 * @param {string} today As `2026-11-28`.
 * @returns {{ objections: string[], remarks: string[] }} What stands against the packages, and what does not but is
 *   worth knowing; a line each.
 */
export function judge(report, accepted, today) {
  const found = advisoriesIn(report);
  const objections = found
    .filter(({ severity }) => GRAVE.includes(severity))
    .flatMap((advisory) => objectionTo(advisory, acceptanceOf(advisory, accepted), today));
  const stale = accepted
    .filter((entry) => !found.some((advisory) => acceptanceOf(advisory, [entry])))
    .map(({ id, package: name }) => `${id} of ${name} is accepted and no longer told of: take it off the list`);
  const remarks = found.filter(({ severity }) => !GRAVE.includes(severity)).map(describe);
  return { objections: [...objections, ...stale], remarks };
}

/** @param {FoundAdvisory} advisory @param {Accepted | undefined} acceptance @param {string} today @returns {string[]} */
function objectionTo(advisory, acceptance, today) {
  if (acceptance === undefined) return [describe(advisory)];
  return today < acceptance.until ? [] : [`${describe(advisory)}; it was accepted until ${acceptance.until}`];
}

/** @param {FoundAdvisory} advisory @param {readonly Accepted[]} accepted @returns {Accepted | undefined} */
function acceptanceOf({ id, name }, accepted) {
  return accepted.find((entry) => entry.id === id && entry.package === name);
}

/** @typedef {Advisory & { readonly id: string, readonly nodes: readonly string[] }} FoundAdvisory */

/** @param {AuditReport} report @returns {FoundAdvisory[]} Each once, under the package that it is about. */
function advisoriesIn({ vulnerabilities }) {
  return Object.entries(vulnerabilities).flatMap(([name, { via, nodes }]) =>
    via.flatMap((advisory) => {
      if (typeof advisory === 'string' || advisory.name !== name) return [];
      return [{ ...advisory, id: advisory.url.split('/').at(-1) ?? advisory.url, nodes }];
    }),
  );
}

/** @param {FoundAdvisory} advisory @returns {string} */
function describe({ severity, name, range, title, id, nodes }) {
  return `${severity}: ${name} ${range}: ${title} (${id}), in ${nodes.join(', ')}`;
}
