/** The generated files as a whole. */
import { registeredOperations, TENSORFLOW_RELEASE } from '@bluewaters/tensorflow';
import { FAMILIES, reasonToLeaveOut } from './families.mjs';
import { readGroup } from './documentation.mjs';
import { renderFamily } from './render.mjs';

/** @import { Documentation } from './documentation.mjs' */
/** @typedef {Record<string, Record<string, Documentation>>} DocumentedFamilies By family, then by operation. */

/**
 * The words on the operations of all families.
 *
 * @param {string} folder `tensorflow/python/ops` of the wheel whose library is used.
 * @returns {DocumentedFamilies}
 */
export function readDocumentation(folder) {
  const ofFamily = (/** @type {string[]} */ groups) =>
    Object.assign({}, ...groups.map((group) => readGroup(folder, group)));
  return Object.fromEntries(Object.entries(FAMILIES).map(([family, groups]) => [family, ofFamily(groups)]));
}

/**
 * The definitions that get a function, by family.
 *
 * @param {DocumentedFamilies} documentation
 */
export function chosenDefinitions(documentation) {
  const all = registeredOperations();
  const names = new Set(all.map(({ name }) => name));
  const kept = all.filter((definition) => reasonToLeaveOut(definition, names) === undefined);
  return Object.entries(documentation).map(
    ([family, documented]) =>
      /** @type {const} */ ([family, kept.filter(({ name }) => Object.hasOwn(documented, name))]),
  );
}

/**
 * @param {DocumentedFamilies} documentation
 * @returns {Record<string, string>} By the file's name: its text.
 */
export function generateFiles(documentation) {
  const chosen = chosenDefinitions(documentation);
  const families = chosen.map(([family, definitions]) => [
    `${family}.ts`,
    renderFamily(family, definitions, documentation[family] ?? {}, TENSORFLOW_RELEASE),
  ]);
  const index = chosen.map(([family]) => `export * from './${family}.js';\n`).join('');
  return {
    ...Object.fromEntries(families),
    'index.ts': `/** Operations of TensorFlow's own registry, by family. */\n${index}`,
  };
}
