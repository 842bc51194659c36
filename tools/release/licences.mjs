/**
 * Lists every licence with the parts under it, and ends with 1 where one does not fit or is not known.
 *
 *     npm run licences
 */
import { fileURLToPath } from 'node:url';
import { billOfMaterials } from './src/bill.mjs';
import { licenceOf, objection } from './src/licences.mjs';

const { components } = billOfMaterials(fileURLToPath(new URL('../..', import.meta.url)));
const byLicence = new Map();
for (const component of components) {
  const licence = licenceOf(component) ?? 'none named';
  byLicence.set(licence, [...(byLicence.get(licence) ?? []), component]);
}
for (const [licence, parts] of [...byLicence].sort(([, a], [, b]) => b.length - a.length)) {
  console.log(`${licence} (${parts.length}): ${parts.map(({ name, version }) => `${name} ${version}`).join(', ')}`);
}
const objections = components.flatMap((component) => objection(component.name, licenceOf(component)) ?? []);
for (const each of objections) console.error(`licences: ${each}`);
process.exitCode = objections.length === 0 ? 0 : 1;
