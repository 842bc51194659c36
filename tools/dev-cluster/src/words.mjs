/**
 * Splits a line as a shell does, as far as `#PBS` lines need it: spaces, and quotes of both kinds.
 *
 * @param {string} line
 * @returns {string[]}
 */
export function wordsOf(line) {
  const words = [...line.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/gu)].map(([word]) => word);
  return words.map((word) => word.replace(/'([^']*)'|"([^"]*)"/gu, (_, single, double) => single ?? double));
}
