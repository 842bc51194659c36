/** Under which licences parts of others may be: what is not on this list is asked about before it is used. */

/** Licences that ask for no more than to be named. */
const PERMISSIVE = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'NIST-Software',
  'Unlicense',
]);

/**
 * Licences that ask for more, and the parts that may have them.
 *
 * @type {readonly { licence: string, parts: RegExp, why: string }[]}
 */
const EXCEPTIONS = [
  {
    licence: 'LGPL-3.0-or-later',
    parts: /^@img\/sharp-/,
    why: 'libvips is a shared library in a package of its own, which anyone may exchange',
  },
  {
    licence: 'AGPL-3.0-only',
    parts: /^((github\.com|quay\.io)\/minio\/minio|grafana\/grafana)$/,
    why: 'a program of its own, unchanged, that is spoken to over the network',
  },
  {
    licence: 'LicenseRef-Ubuntu',
    parts: /^ubuntu$/,
    why: 'programs and libraries of a system, unchanged, which name their licences in /usr/share/doc',
  },
  {
    licence: 'LicenseRef-NVIDIA-Proprietary',
    parts: /^nvidia-/,
    why: 'whoever has a GPU fetches them from NVIDIA’s own packages; no image with them is passed on',
  },
];

/**
 * What stands against a part's licence.
 *
 * @param {string} name
 * @param {string | undefined} expression As SPDX writes it: `MIT`, `(MIT OR GPL-2.0-only) AND ISC`.
 * @returns {string | undefined} Undefined when nothing does.
 */
export function objection(name, expression) {
  if (!expression) return `${name} names no licence`;
  const isFit = (licence) =>
    PERMISSIVE.has(licence) || EXCEPTIONS.some((each) => each.licence === licence && each.parts.test(name));
  return isFitting(expression, isFit) ? undefined : `${name} is under ${expression}`;
}

function isFitting(expression, isFit) {
  const words = expression.match(/[()]|[^\s()]+/g) ?? [];
  try {
    return isAllowed(words, isFit) && words.length === 0;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Reads an expression off the front of `words`: AND binds closer than OR, as in SPDX. */
function isAllowed(words, isFit) {
  let allowed = isEachAllowed(words, isFit);
  while (words[0] === 'OR') {
    words.shift();
    allowed = isEachAllowed(words, isFit) || allowed;
  }
  return allowed;
}

function isEachAllowed(words, isFit) {
  let allowed = isOneAllowed(words, isFit);
  while (words[0] === 'AND') {
    words.shift();
    allowed = isOneAllowed(words, isFit) && allowed;
  }
  return allowed;
}

function isOneAllowed(words, isFit) {
  const word = words.shift();
  if (word === undefined || [')', 'AND', 'OR'].includes(word)) throw new SyntaxError('A licence is missing');
  if (word !== '(') return isFit(word);
  const allowed = isAllowed(words, isFit);
  if (words.shift() !== ')') throw new SyntaxError('A bracket is not closed');
  return allowed;
}

/**
 * The licence of a component of CycloneDX as an expression of SPDX.
 *
 * @param {{ licenses?: { license?: { id?: string, name?: string }, expression?: string }[] }} component
 * @returns {string | undefined}
 */
export function licenceOf({ licenses = [] }) {
  const all = licenses.map(({ license, expression }) => expression ?? license?.id ?? license?.name);
  return all.length === 0 ? undefined : all.join(' AND ');
}
