/** The libtensorflow that LIBTENSORFLOW_DIR names: whether it can be loaded, and whether it is a pinned build. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder } from './cache.mjs';
import { sha256, sha256File } from './digest.mjs';
import { whatLibraryLacks } from './elf.mjs';
import { tensorflowBuilds, TENSORFLOW_VERSION } from './pins.mjs';
import { SetupError } from './say.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */
/** @typedef {import('./libtensorflow.mjs').Libtensorflow} Libtensorflow */
/** @typedef {import('./pins.mjs').TensorflowBuild} TensorflowBuild */
/** @typedef {Readonly<Record<string, Pick<TensorflowBuild, 'libraries'>>>} Builds Pinned builds by variant. */

/** In the order in which libs/tensorflow looks for them. */
const LIBRARY_NAMES = ['libtensorflow_cc.so.2', 'libtensorflow.so.2', 'libtensorflow.so', 'libtensorflow.so.1'];
const FRAMEWORK_NAMES = ['libtensorflow_framework.so.2', 'libtensorflow_framework.so.1'];

/**
 * Looks at the library that LIBTENSORFLOW_DIR names. Its digests are computed once and kept, as long as sizes and times
 * stay as they are.
 *
 * @param {string} named
 * @param {Environment} env
 * @param {{ builds?: Builds, thorough?: boolean }} [options] `thorough` reads all bytes again, and keeps nothing.
 * @returns {Promise<Libtensorflow>}
 * @throws {SetupError} TENSORFLOW_MISSING when there is none, or one that cannot be loaded.
 */
export async function givenLibrary(named, env, { builds = tensorflowBuilds(), thorough = false } = {}) {
  const { folder, files } = findFiles(named);
  for (const file of files) await requireWhole(file);
  const digests = await Promise.all(files.map((file) => (thorough ? sha256File(file) : digestOf(file, env))));
  const pinned = Object.keys(builds).find((variant) =>
    sameBytes(digests, Object.values(builds[variant]?.libraries ?? {})),
  );
  const include = [join(folder, 'include'), join(folder, '..', 'include')].find(existsSync);
  return pinned === undefined
    ? { folder, include, name: 'of an unknown build, from LIBTENSORFLOW_DIR', trust: 'unknown', sha256: digests[0] }
    : {
        folder,
        include,
        name: `${TENSORFLOW_VERSION} (${pinned.toUpperCase()}), from LIBTENSORFLOW_DIR`,
        trust: 'pinned',
      };
}

/**
 * @param {string} named
 * @returns {{ folder: string, files: string[] }} The library, and its companion where it has one.
 */
function findFiles(named) {
  for (const folder of [named, join(named, 'lib')]) {
    /** @param {string[]} names */
    const first = (names) => names.map((name) => join(folder, name)).find((file) => existsSync(file));
    const library = first(LIBRARY_NAMES);
    if (library === undefined) continue;
    return { folder, files: [library, first(FRAMEWORK_NAMES)].filter((file) => file !== undefined) };
  }
  throw missing(`LIBTENSORFLOW_DIR names ${named}, which holds no libtensorflow.so.2.`);
}

/** @param {string} file */
async function requireWhole(file) {
  const lack = await whatLibraryLacks(file);
  if (lack !== undefined) throw missing(`LIBTENSORFLOW_DIR names ${file}, which cannot be loaded: ${lack}.`);
}

/**
 * @param {string} message
 * @returns {SetupError}
 */
function missing(message) {
  return new SetupError(
    message,
    'Name the folder of a whole libtensorflow.so.2 and libtensorflow_framework.so.2, or unset LIBTENSORFLOW_DIR.',
    { code: 'TENSORFLOW_MISSING' },
  );
}

/**
 * @param {readonly string[]} digests
 * @param {readonly string[]} pinned The same libraries in the same order; names differ between releases.
 * @returns {boolean}
 */
function sameBytes(digests, pinned) {
  return digests.length === pinned.length && digests.every((digest, n) => digest === pinned[n]);
}

/**
 * @param {string} file
 * @param {Environment} env
 * @returns {Promise<string>} Its SHA-256, from the last time where size and time of the file are the same.
 */
async function digestOf(file, env) {
  const path = await realpath(file);
  const facts = await stat(path);
  const mark = { path, bytes: facts.size, mtimeMs: facts.mtimeMs };
  const kept = join(cacheFolder(env), 'digests', `${sha256(JSON.stringify(mark)).slice(0, 16)}.json`);
  const known = await readFile(kept, 'utf8').catch(() => undefined);
  if (known !== undefined) return JSON.parse(known).sha256;
  const digest = await sha256File(path);
  await mkdir(dirname(kept), { recursive: true });
  await writeFile(`${kept}.${process.pid}`, JSON.stringify({ ...mark, sha256: digest }));
  await rename(`${kept}.${process.pid}`, kept);
  return digest;
}
