/** The npm packages and the compiled TypeScript. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hand } from './process.mjs';
import { SetupError, say } from './say.mjs';

/**
 * @typedef {object} LockedPackage What npm's lock files say of one package.
 * @property {string} [name] Where it is not that of the folder.
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {boolean} [link]
 * @property {boolean} [optional]
 * @property {boolean} [devOptional]
 */

/** @typedef {Readonly<Record<string, LockedPackage>>} Lock Packages by the folder they are installed in. */

/**
 * Runs `npm ci` when what is installed is not what package-lock.json asks for.
 *
 * @param {string} root The repository.
 */
export async function installPackages(root) {
  if (await packagesInstalled(root)) return;
  say('npm packages: installing them with `npm ci`, about a minute');
  const status = await hand('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
  });
  if (status === 0) return;
  throw new SetupError(
    `\`npm ci\` ended with status ${status}.`,
    'Its message above says why; offline it works only when an earlier `npm ci` has filled the npm cache.',
  );
}

/**
 * @param {string} root
 * @returns {Promise<boolean>} Whether npm's own record of what it installed agrees with package-lock.json.
 */
export async function packagesInstalled(root) {
  const [wanted, installed] = await Promise.all([
    readLock(join(root, 'package-lock.json')),
    readLock(join(root, 'node_modules', '.package-lock.json')),
  ]);
  return wanted !== undefined && installed !== undefined && agrees(wanted, installed);
}

/**
 * @param {Lock} wanted From package-lock.json.
 * @param {Lock} installed From npm's hidden lock file; lacks optional packages made for other machines.
 * @returns {boolean}
 */
export function agrees(wanted, installed) {
  return Object.entries(wanted).every(([folder, want]) => {
    if (folder === '') return true;
    const have = installed[folder];
    if (have === undefined) return want.optional === true || want.devOptional === true;
    return have.version === want.version && have.integrity === want.integrity && have.link === want.link;
  });
}

/**
 * @param {string} file
 * @returns {Promise<Lock | undefined>} Undefined when there is none that can be read.
 */
export async function readLock(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * Compiles what changed since the last time.
 *
 * @param {string} root
 */
export async function compile(root) {
  if (!existsSync(join(root, 'tools/cli/dist/main.js'))) say('TypeScript: compiling it, about half a minute');
  const status = await hand(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], { cwd: root });
  if (status !== 0) {
    throw new SetupError('The TypeScript does not compile.', 'The lines above say where.');
  }
}
