/**
 * What TensorFlow says about its operations. The registry within the library carries no words, so they are read from
 * the docstrings of the Python wrappers in the same wheel.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Words on one operation: inputs in their order, attributes and results by their names in the registry; a single
 * result has no name.
 *
 * @typedef {{
 *   summary: string,
 *   inputs: string[],
 *   attributes: Record<string, string>,
 *   results: Record<string, string>,
 * }} Documentation
 */

const WRAPPER = /^def (\w+)\(.*\n {2}r"""([\s\S]*?)\n? {2}"""\n([\s\S]*?)(?=^def |(?![\s\S]))/gm;

/** The call that has the registry's names beside Python's: inputs by position, then pairs of attribute and variable. */
const CALL = /FastPathExecute\(\s*_ctx, "(\w+)", name,?([^)]*)\)/;

/**
 * The words on every operation of one group.
 *
 * @param {string} folder `tensorflow/python/ops` of the wheel.
 * @param {string} group Such as 'array', or the rest of the file's name where it does not end in '_ops'.
 * @returns {Record<string, Documentation>} By the operation's name in the registry.
 */
export function readGroup(folder, group) {
  const file = group.includes('_ops') ? `gen_${group}.py` : `gen_${group}_ops.py`;
  const source = readFileSync(join(folder, file), 'utf8');
  const found = /** @type {Record<string, Documentation>} */ ({});
  for (const [, , docstring = '', body = ''] of source.matchAll(WRAPPER)) {
    const [, name, passed = ''] = CALL.exec(body) ?? [];
    if (name !== undefined) found[name] = underRegistryNames(parseDocstring(docstring), passed);
  }
  return found;
}

/**
 * @param {ReturnType<typeof parseDocstring>} parsed
 * @param {string} passed The arguments of the call, such as `input, axis, "keep_dims", keep_dims`.
 * @returns {Documentation}
 */
function underRegistryNames({ summary, words, results }, passed) {
  const tokens = passed.split(',').map((token) => token.trim());
  const firstAttribute = tokens.findIndex((token) => token.startsWith('"'));
  const split = firstAttribute < 0 ? tokens.length : firstAttribute;
  const inputs = tokens.slice(0, split).map((variable) => words[variable] ?? '');
  const attributes = tokens.slice(split).flatMap((token, at, all) => {
    const said = words[all[at + 1] ?? ''];
    return at % 2 === 0 && said !== undefined ? [[token.slice(1, -1), said]] : [];
  });
  return { summary, inputs, attributes: Object.fromEntries(attributes), results };
}

/** @param {string} docstring */
export function parseDocstring(docstring) {
  const lines = docstring.split('\n').map((line, at) => (at === 0 ? line : line.replace(/^ {2}/, '')).trimEnd());
  const argumentsAt = lines.indexOf('Args:');
  const returnsAt = lines.indexOf('Returns:', Math.max(argumentsAt, 0));
  const end = [argumentsAt, returnsAt].filter((at) => at >= 0);
  return {
    summary: lines
      .slice(0, end.length > 0 ? Math.min(...end) : undefined)
      .join('\n')
      .trim(),
    words: argumentsAt < 0 ? {} : entries(lines.slice(argumentsAt + 1, returnsAt < 0 ? undefined : returnsAt), '  '),
    results: returnsAt < 0 ? {} : results(lines.slice(returnsAt + 1)),
  };
}

/**
 * Entries `name: type` with their words beneath, further in; the type is in the signature already.
 *
 * @param {string[]} lines
 * @param {string} indent
 */
function entries(lines, indent) {
  const found = /** @type {Record<string, string>} */ ({});
  const opening = new RegExp(`^${indent}(\\w+): `);
  let current = '';
  for (const line of lines) {
    const name = opening.exec(line)?.[1];
    if (name !== undefined) current = name;
    else if (current !== '') found[current] = `${found[current] ?? ''}${line.trim()}\n`;
  }
  return Object.fromEntries(
    Object.entries(found)
      .map(([name, words]) => /** @type {const} */ ([name, words.trim()]))
      .filter(([name, words]) => words !== '' && name !== 'name'),
  );
}

/**
 * One result has its words beneath the type, several have an entry each.
 *
 * @param {string[]} lines
 */
function results(lines) {
  if (/^ {2}A tuple of/.test(lines[0] ?? '')) return entries(lines.slice(1), '  ');
  const words = lines
    .slice(1)
    .map((line) => line.trim())
    .join('\n')
    .trim();
  return words === '' ? {} : { '': words };
}
