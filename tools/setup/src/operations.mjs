/**
 * TensorFlow operations of our own (`libs/tensorflow/native`), compiled for the libtensorflow that was found. Without a
 * compiler they are left out, and stock operations stand in for them.
 */
import { existsSync } from 'node:fs';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findCompiler } from './addon.mjs';
import { cacheFolder, publishFolder } from './cache.mjs';
import { sha256 } from './digest.mjs';
import { capture } from './process.mjs';
import { say } from './say.mjs';
import { isStamped, writeStamp } from './stamp.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */
/** @typedef {import('./libtensorflow.mjs').Libtensorflow} Libtensorflow */

const OPERATIONS = 'bluewaters-operations.so';

/** As `libs/tensorflow/src/library.ts` looks for them. */
const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow.so.2', 'libtensorflow.so', 'libtensorflow.so.1'];

/** What they are compiled with. Products are added in one rounding where that is quick. */
const FLAGS = ['-std=c++17', '-O2', '-ffp-contract=fast', '-fPIC', '-shared', '-fvisibility=hidden'];

/**
 * @param {string} root The repository.
 * @returns {Promise<string[]>} All files that they are made from, in the order of their names.
 */
async function sourceFiles(root) {
  const folder = join(root, 'libs/tensorflow/native');
  return (await readdir(folder)).sort().map((name) => join(folder, name));
}

/**
 * Where the operations for a library lie, there or not; `libs/tensorflow/src/native-operations.ts` looks there.
 *
 * @param {string} root
 * @param {Libtensorflow} library
 * @param {Environment} env
 * @returns {Promise<string>} A file in the cache: one for each state of the source and each library.
 */
export async function operationsFile(root, library, env) {
  const texts = await Promise.all((await sourceFiles(root)).map((file) => readFile(file, 'utf8')));
  const source = sha256(texts.map(sha256).join(' '));
  const name = LIBRARIES.find((candidate) => existsSync(join(library.folder, candidate)));
  const { size } = await stat(name === undefined ? library.folder : join(library.folder, name));
  return join(cacheFolder(env), 'operations', sha256(`${source} ${size}`).slice(0, 12), OPERATIONS);
}

/**
 * Compiles the operations unless the cache has them for this library.
 *
 * @param {string} root
 * @param {Libtensorflow} library
 * @param {Environment} env
 * @returns {Promise<boolean>} False when they are left out; a line then says why.
 */
export async function placeOperations(root, library, env) {
  const kept = dirname(await operationsFile(root, library, env));
  if (await isStamped(kept)) return true;
  const compiler = findCompiler(env);
  if (compiler === undefined) return leaveOut('there is no C++ compiler (on Debian and Ubuntu `apt-get install g++`)');
  if (library.include === undefined) {
    return leaveOut('LIBTENSORFLOW_DIR has no headers (put them in its folder `include`)');
  }
  try {
    await publishFolder(
      kept,
      (partial) => compileInto(partial, { compiler, root, include: library.include ?? '' }),
      () => isStamped(kept),
    );
    return true;
  } catch (error) {
    return leaveOut(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param {string} why
 * @returns {false}
 */
function leaveOut(why) {
  say(`operations of our own: left out, ${why}; stock operations stand in for them, more slowly`);
  return false;
}

/**
 * @param {string} folder
 * @param {{ compiler: string, root: string, include: string }} from
 */
async function compileInto(folder, { compiler, root, include }) {
  const sources = (await sourceFiles(root)).filter((file) => file.endsWith('.cc'));
  const args = [...FLAGS, `-I${include}`, ...sources, '-pthread', '-o', join(folder, OPERATIONS)];
  const { status, output, errors } = await capture(compiler, args);
  if (status !== 0) {
    const log = join(dirname(folder), 'failed-build.log');
    await writeFile(log, output + errors);
    throw new Error(`they do not compile here (${log} says why)`);
  }
  await writeStamp(folder);
}
