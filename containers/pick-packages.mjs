/**
 * Copies what one program needs at run time of this repository's own packages: compiled code without maps and types,
 * native sources (their digest names the compiled operations), pages.
 *
 *   node containers/pick-packages.mjs services/ingest /packages/ingest
 */
import { cp, mkdir, readFile, readdir, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const [program = '', target = ''] = process.argv.slice(2);
if (program === '' || target === '') throw new Error('Expected a package and a folder');

/** What a package may have besides package.json; set-up is plain JavaScript and runs from its sources. */
const PARTS = ['bin', 'dist', 'machines', 'native', 'page', 'setup.mjs'];

const folders = new Map(
  (await Promise.all(['libs', 'services', 'tools'].map(packagesIn))).flat().map((folder) => [basename(folder), folder]),
);

/** @param {string} group */
async function packagesIn(group) {
  return (await readdir(group)).map((name) => join(group, name));
}

/**
 * @param {string} folder
 * @param {Set<string>} found
 * @returns {Promise<Set<string>>} The package and all of ours that it needs, however indirectly.
 */
async function withDependencies(folder, found = new Set()) {
  if (found.has(folder)) return found;
  found.add(folder);
  const { dependencies = {} } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies).filter((one) => one.startsWith('@bluewaters/'))) {
    await withDependencies(folders.get(basename(name)) ?? name, found);
  }
  return found;
}

/** @param {string} file */
const isRun = (file) => !/\.(?:map|d\.[cm]?ts|tsbuildinfo)$/u.test(file);

for (const folder of await withDependencies(program)) {
  const parts = basename(folder) === 'setup' ? ['setup.mjs', 'src'] : PARTS;
  const there = (await readdir(folder)).filter((name) => name === 'package.json' || parts.includes(name));
  for (const part of there)
    await cp(join(folder, part), join(target, folder, part), { recursive: true, filter: isRun });
  const link = join(target, 'node_modules/@bluewaters', basename(folder));
  await mkdir(dirname(link), { recursive: true });
  await symlink(join('../..', folder), link);
}
