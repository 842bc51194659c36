/** The bill of materials: what npm says of the lock file, and what it cannot know. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { nativeParts } from './native-parts.mjs';

/** Licences that a `package.json` does not name in SPDX's words. */
const STATED_ELSEWHERE = {
  // Its LICENSE.txt; the second is HDF5's own, which it is compiled from.
  h5wasm: 'NIST-Software AND BSD-3-Clause',
};

/** Of ours, what no user runs. */
const FOR_TESTS = '@bluewaters/testing';

/**
 * Everything that runs with the product, as CycloneDX. Reads the repository alone: nothing has to be installed.
 *
 * @param {string} root The repository.
 */
export function billOfMaterials(root) {
  const bill = billOfNpm(root);
  const { name, packages } = readJson(`${root}/package-lock.json`);
  const components = [...bill.components.flatMap((each) => packagePart(each, packages)), ...nativeParts(root)];
  const parts = components.filter(({ purl }) => !purl.startsWith('pkg:npm/')).map((part) => part['bom-ref']);
  const { component } = bill.metadata;
  const product = component['bom-ref'];
  const known = new Set([product, ...components.map((part) => part['bom-ref'])]);
  return {
    ...bill,
    // npm calls it as the folder is called.
    metadata: { ...bill.metadata, component: { ...component, name, type: 'application' } },
    components,
    dependencies: [
      ...bill.dependencies
        .filter(({ ref }) => known.has(ref))
        .map(({ ref, dependsOn }) => ({
          ref,
          dependsOn: [...dependsOn.filter((each) => known.has(each)), ...(ref === product ? parts : [])],
        })),
      ...parts.map((ref) => ({ ref, dependsOn: [] })),
    ],
  };
}

/** All of the lock file: `--omit dev` would leave out packages that run, too, where a tool for tests needs them as well. */
function billOfNpm(root) {
  const args = ['sbom', '--package-lock-only', '--legacy-peer-deps', '--sbom-format', 'cyclonedx'];
  return JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 }));
}

/** A package as it is listed; nothing for one that only builds or tests. */
function packagePart(component, packages) {
  const name = component['bom-ref'].replace(/@[^@]+$/, '');
  const entries = Object.entries(packages).filter(([path, { version }]) => {
    return path.endsWith(`node_modules/${name}`) && (version ?? component.version) === component.version;
  });
  if (name === FOR_TESTS || entries.every(([, { dev }]) => dev)) return [];
  const expression = STATED_ELSEWHERE[name];
  return { ...component, name, ...(expression && { licenses: [{ expression }] }) };
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
