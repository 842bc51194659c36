/**
 * Advisories that were read of, with the versions that they are of: held against the lock file where no registry tells of
 * any. What is not in this list may be known elsewhere.
 */

import { atLeast } from '../../setup/src/requirements.mjs';
import { nameOf } from './locked.mjs';

/** @typedef {import('./locked.mjs').Packages} Packages */

/**
 * @typedef {object} Known A grave advisory.
 * @property {string} id `GHSA-xxxx-xxxx-xxxx`.
 * @property {string} package
 * @property {string} from The first version that it is of.
 * @property {string} fixed The first that it is not of any more.
 * @property {string} what
 */

/** @type {readonly Known[]} */
export const KNOWN = [
  {
    ...{ id: 'GHSA-f88m-g3jw-g9cj', package: 'sharp', from: '0.0.0', fixed: '0.35.0' },
    what: 'pictures from strangers reach four faults of libvips',
  },
  {
    ...{ id: 'GHSA-xcpc-8h2w-3j85', package: 'adm-zip', from: '0.0.0', fixed: '0.6.0' },
    what: 'an archive says how much memory is taken',
  },
  {
    ...{ id: 'GHSA-vwc7-r8mq-g2x9', package: 'adm-zip', from: '0.5.9', fixed: '0.6.1' },
    what: 'an archive writes past its folder by a link',
  },
  {
    ...{ id: 'GHSA-v422-hmwv-36x6', package: 'body-parser', from: '2.0.0', fixed: '2.3.0' },
    what: 'a limit that cannot be read is no limit',
  },
  {
    ...{ id: 'GHSA-5xrq-8626-4rwp', package: 'vitest', from: '0.0.0', fixed: '3.2.6' },
    what: 'its page for watching tests runs what a stranger sends',
  },
];

/**
 * @param {Packages} packages
 * @returns {string[]} Where a package is of such a version, a line each.
 */
export function knownIn(packages) {
  return Object.entries(packages).flatMap(([path, { version = '' }]) => {
    // What follows the three numbers is not looked at.
    const [numbers = ''] = version.split(/[-+]/);
    const isOf = ({ from, fixed }) => numbers !== '' && atLeast(numbers, from) && !atLeast(numbers, fixed);
    return KNOWN.filter((known) => known.package === nameOf(path) && isOf(known)).map(
      ({ id, fixed, what }) => `${path}: ${version} is known for ${id}, ${what}; ${fixed} is not`,
    );
  });
}
