/**
 * Where libtensorflow comes from: `LIBTENSORFLOW_DIR`, else the pinned wheel, else the archive that tfjs-node-gpu's own
 * install script would fetch. What is fetched is checked by digest and kept in the cache folder.
 */
import { existsSync } from 'node:fs';
import { cp, readdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, publishFolder, removeFolder } from './cache.mjs';
import { sha256File } from './digest.mjs';
import { givenLibrary } from './given-library.mjs';
import { TENSORFLOW_ARCHIVE_VERSION, tensorflowBuilds, tensorflowName, TENSORFLOW_VERSION } from './pins.mjs';
import { capture, lastLines } from './process.mjs';
import { DigestError, unpackWheel } from './python.mjs';
import { SetupError, say } from './say.mjs';
import { isStamped, stampedName, writeStamp } from './stamp.mjs';
import { unpackArchive } from './tensorflow-archive.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */
/** @typedef {import('./pins.mjs').Variant} Variant */
/** @typedef {import('./pins.mjs').TensorflowBuild} TensorflowBuild */

/**
 * A libtensorflow that was found or fetched.
 *
 * @typedef {object} Libtensorflow
 * @property {string} folder Holds `libtensorflow*.so*` and `libtensorflow_framework.so*`.
 * @property {string | undefined} include Its C headers, where it has them.
 * @property {string} name Version and variant where they are known, and `LIBTENSORFLOW_DIR` where that named it.
 * @property {'stamped' | 'pinned' | 'unknown'} trust Who answers for its bytes: the stamp of set-up, which verified
 *   what it fetched; a pinned digest that a given library has; or the user alone.
 * @property {string | undefined} [sha256] Of an unknown library.
 */

/**
 * Finds libtensorflow, or fetches it. Reaches no network when it is there already.
 *
 * @param {Environment} env
 * @returns {Promise<Libtensorflow>}
 * @throws {SetupError} When there is none to be had.
 */
export async function getLibtensorflow(env) {
  if (env.LIBTENSORFLOW_DIR) return given(env.LIBTENSORFLOW_DIR, env);
  const variant = await chooseVariant(env);
  const wheel = cached(env, TENSORFLOW_VERSION, variant);
  if (await isStamped(wheel.folder)) return wheel;
  try {
    await publishFolder(
      wheel.folder,
      (partial) => fillFromWheels(partial, variant),
      () => isStamped(wheel.folder),
    );
    return wheel;
  } catch (error) {
    if (error instanceof DigestError || !(error instanceof SetupError)) throw error;
    // The archives are for x64 alone.
    if (process.arch !== 'x64') throw error;
    return await fallBack(env, variant, error);
  }
}

/**
 * @param {Environment} env
 * @returns {Promise<Libtensorflow | undefined>} What `getLibtensorflow` would return without fetching or keeping
 *   anything; all bytes of a library that LIBTENSORFLOW_DIR names are read.
 * @throws {SetupError} TENSORFLOW_MISSING when LIBTENSORFLOW_DIR names one that cannot be loaded.
 */
export async function findLibtensorflow(env) {
  if (env.LIBTENSORFLOW_DIR) return given(env.LIBTENSORFLOW_DIR, env, { thorough: true });
  const variant = await chooseVariant(env);
  for (const version of [TENSORFLOW_VERSION, TENSORFLOW_ARCHIVE_VERSION]) {
    const library = cached(env, version, variant);
    if (await isStamped(library.folder)) return library;
  }
  return undefined;
}

/**
 * @param {Environment} env
 * @param {() => Promise<boolean>} [hasDriver]
 * @param {string} [arch] As `process.arch`.
 * @returns {Promise<Variant>} The GPU build where an NVIDIA driver is and there is one, unless BLUEWATERS_TENSORFLOW says which.
 */
export async function chooseVariant(env, hasDriver = hasNvidiaDriver, arch = process.arch) {
  const asked = env.BLUEWATERS_TENSORFLOW;
  if (tensorflowBuilds(arch).gpu === undefined) {
    if (asked !== 'gpu') return 'cpu';
    throw new SetupError(
      `There is no GPU build of TensorFlow ${TENSORFLOW_VERSION} for ${arch} on the Python package index.`,
      "Name another one's folder in LIBTENSORFLOW_DIR, such as that of NVIDIA's containers, or unset BLUEWATERS_TENSORFLOW.",
    );
  }
  if (asked === 'cpu' || asked === 'gpu') return asked;
  if (asked) throw new SetupError(`BLUEWATERS_TENSORFLOW is cpu or gpu: got ${asked}.`, 'Set one of them, or neither.');
  return (await hasDriver()) ? 'gpu' : 'cpu';
}

/** @returns {Promise<boolean>} */
export async function hasNvidiaDriver() {
  if (existsSync('/proc/driver/nvidia/version')) return true;
  return (await capture('nvidia-smi', ['-L'], { timeoutMs: 20_000 })).status === 0;
}

/**
 * The library that LIBTENSORFLOW_DIR names. Programs that set-up starts have it set to the folder in the cache.
 *
 * @param {string} named
 * @param {Environment} env
 * @param {{ thorough?: boolean }} [options]
 * @returns {Promise<Libtensorflow>}
 */
async function given(named, env, options) {
  const own = everyCached(env).find(({ folder }) => folder === named);
  if (own !== undefined && (await isStamped(named))) return own;
  const name = await stampedName(named);
  if (name === undefined) return givenLibrary(named, env, options);
  return { folder: named, include: join(named, 'include'), name: `${name}, from LIBTENSORFLOW_DIR`, trust: 'stamped' };
}

/** Of TensorFlow; NVIDIA's are theirs to change. */
const STRIPPED = /^libtensorflow(?:_\w+)?\.so[.\d]*$/;

/**
 * Copies the library for an image, without what only a debugger reads: 180 of 680 MB. Its bytes are no pinned ones then,
 * so that a stamp says what they were made of.
 *
 * @param {Libtensorflow} library
 * @param {string} folder Not there yet.
 * @returns {Promise<void>}
 * @throws {SetupError} Where there is no `strip`.
 */
export async function copyStripped(library, folder) {
  await cp(library.folder, folder, { recursive: true, verbatimSymlinks: true, errorOnExist: true, force: false });
  const files = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
  for (const { name } of files.filter((file) => STRIPPED.test(file.name))) {
    const { status, errors } = await capture('strip', ['--strip-unneeded', join(folder, name)]);
    if (status === 0) continue;
    throw new SetupError(
      `${name} cannot be stripped: ${lastLines(errors, 1)}.`,
      'On Debian: `apt-get install binutils`.',
    );
  }
  await writeStamp(folder, library.name);
}

/**
 * @param {Environment} env
 * @returns {Libtensorflow[]} Every build that the cache may hold.
 */
function everyCached(env) {
  return [TENSORFLOW_VERSION, TENSORFLOW_ARCHIVE_VERSION].flatMap((version) => [
    cached(env, version, 'cpu'),
    cached(env, version, 'gpu'),
  ]);
}

/**
 * @param {Environment} env
 * @param {string} version
 * @param {Variant} variant
 * @returns {Libtensorflow}
 */
function cached(env, version, variant) {
  const folder = join(cacheFolder(env), 'libtensorflow', `${version}-${variant}`);
  return { folder, include: join(folder, 'include'), name: tensorflowName(version, variant), trust: 'stamped' };
}

/** The C interface and what it includes: 75 of the wheel's 10,000 headers. */
const C_HEADERS = [
  'tensorflow/c/.*',
  'tensorflow/core/common_runtime/next_pluggable_device/c/.*',
  'tensorflow/core/platform/(?:ctstring|ctstring_internal).h',
  'tsl/platform/(?:ctstring|ctstring_internal|platform).h',
  'xla/tsl/c/.*',
].join('|');

const LIBRARIES_AND_HEADERS = `tensorflow/(libtensorflow_(?:cc|framework)\\.so\\.2|include/(?:${C_HEADERS}))$`;
/** What a wheel for arm64 brings for them; they look for it beside themselves, too. */
const OPENMP = 'tensorflow\\.libs/(libomp[^/]*)$';
/** NVIDIA's libraries look for one another, and TensorFlow for them, in their own folder: all go into one. */
const NVIDIA_LIBRARIES = 'nvidia/[^/]+/lib/([^/]+\\.so[^/]*)$';
const NVIDIA_COMPILER = '(nvidia/cuda_nvcc/(?:bin/ptxas|nvvm/.*))$';

/**
 * @param {string} folder Empty.
 * @param {Variant} variant
 * @param {TensorflowBuild} [build]
 */
export async function fillFromWheels(folder, variant, build = tensorflowBuilds()[variant]) {
  if (build === undefined) throw new Error(`no ${variant} build for ${process.arch}`);
  await unpackWheel(build.wheel, folder, `(?:${LIBRARIES_AND_HEADERS}|${OPENMP})`);
  for (const companion of build.companions) {
    await unpackWheel(companion, folder, `(?:${NVIDIA_LIBRARIES}|${NVIDIA_COMPILER})`);
  }
  await requireLibraries(folder, { ...build.libraries, ...build.beside });
  await symlink('libtensorflow_cc.so.2', join(folder, 'libtensorflow.so.2'));
  await symlink('libtensorflow_cc.so.2', join(folder, 'libtensorflow.so'));
  await symlink('libtensorflow_framework.so.2', join(folder, 'libtensorflow_framework.so'));
  await writeStamp(folder);
}

/**
 * @param {string} folder
 * @param {Readonly<Record<string, string>>} libraries
 */
async function requireLibraries(folder, libraries) {
  for (const [name, sha256] of Object.entries(libraries)) {
    const got = await sha256File(join(folder, name));
    if (got === sha256) continue;
    throw new DigestError(
      `${name}: expected SHA-256 ${sha256}, got ${got}.`,
      'Run set-up again; report it if it stays.',
    );
  }
}

/**
 * @param {Environment} env
 * @param {Variant} variant
 * @param {SetupError} why Why there is no wheel.
 * @returns {Promise<Libtensorflow>}
 */
async function fallBack(env, variant, why) {
  const archive = cached(env, TENSORFLOW_ARCHIVE_VERSION, variant);
  if (await isStamped(archive.folder)) return archive;
  say(`${why.message} Trying libtensorflow ${TENSORFLOW_ARCHIVE_VERSION}, which tfjs-node-gpu fetches`);
  try {
    await publishFolder(
      archive.folder,
      (partial) => fillFromArchive(partial, variant, env),
      () => isStamped(archive.folder),
    );
    return archive;
  } catch (error) {
    if (error instanceof DigestError || !(error instanceof SetupError)) throw error;
    // The archives are for x64 alone.
    if (process.arch !== 'x64') throw error;
    throw new SetupError(
      `libtensorflow cannot be had: ${why.message} ${error.message}`,
      `${why.how} Or set LIBTENSORFLOW_DIR to a folder that holds it.`,
    );
  }
}

/**
 * @param {string} folder
 * @param {Variant} variant
 * @param {Environment} env
 */
async function fillFromArchive(folder, variant, env) {
  await unpackArchive(folder, variant, env);
  for (const name of await readdir(join(folder, 'lib'))) await rename(join(folder, 'lib', name), join(folder, name));
  await removeFolder(join(folder, 'lib'));
  await writeStamp(folder);
}
