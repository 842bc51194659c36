/**
 * TensorFlow operations of our own, compiled for the libtensorflow that was found. Without a compiler they are left out:
 * stock operations stand in for those that read records, and ranks cannot train together.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findCompiler } from './addon.mjs';
import { cacheFolder, publishFolder } from './cache.mjs';
import { sha256 } from './digest.mjs';
import { capture } from './process.mjs';
import { say } from './say.mjs';
import { isStamped, writeStamp } from './stamp.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */
/** @typedef {import('./libtensorflow.mjs').Libtensorflow} Libtensorflow */

/**
 * One library of operations.
 *
 * @typedef {object} Operations
 * @property {string} sources Folder within the repository.
 * @property {string} file Name of the library.
 */

/** @type {{ readonly records: Operations, readonly collectives: Operations }} */
export const OPERATIONS = {
  records: { sources: 'libs/tensorflow/native', file: 'bluewaters-operations.so' },
  collectives: { sources: 'libs/collectives/native', file: 'bluewaters-collectives.so' },
};

/** As `libs/tensorflow/src/library.ts` looks for them. */
const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow.so.2', 'libtensorflow.so', 'libtensorflow.so.1'];

/**
 * What they are compiled with. Products are added in one rounding where that is quick; nobody asks for the error of a root,
 * which would keep vectors of them from being taken.
 */
const FLAGS = [
  ...['-std=c++17', '-O3', '-ffp-contract=fast', '-fno-math-errno'],
  ...['-fPIC', '-shared', '-pthread', '-fvisibility=hidden'],
];

/**
 * @param {string} root The repository.
 * @param {Operations} operations
 * @returns {Promise<string[]>} All files that they are made from, in the order of their names.
 */
async function sourceFiles(root, { sources }) {
  const folder = join(root, sources);
  return (await readdir(folder)).sort().map((name) => join(folder, name));
}

/**
 * Where operations for a TensorFlow library lie, there or not; `libs/tensorflow/src/native-operations.ts` looks there.
 *
 * @param {string} root
 * @param {Libtensorflow} library
 * @param {Environment} env
 * @param {Operations} [operations]
 * @returns {Promise<string>} A file beside the library, as in container images, or in the cache: one for each state of
 *   the sources and each library.
 */
export async function operationsFile(root, library, env, operations = OPERATIONS.records) {
  const texts = await Promise.all((await sourceFiles(root, operations)).map((file) => readFile(file, 'utf8')));
  const source = sha256(texts.map(sha256).join(' '));
  const name = LIBRARIES.find((candidate) => existsSync(join(library.folder, candidate)));
  const { size } = await stat(name === undefined ? library.folder : join(library.folder, name));
  const key = sha256(`${source} ${size}`).slice(0, 12);
  const beside = join(library.folder, 'operations', key, operations.file);
  return existsSync(beside) ? beside : join(cacheFolder(env), 'operations', key, operations.file);
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
  try {
    for (const operations of Object.values(OPERATIONS)) await place({ root, library, env, operations });
    return true;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    say(`operations of our own: left out, ${why}; records are read more slowly, and only one rank can train`);
    return false;
  }
}

/** @param {{ root: string, library: Libtensorflow, env: Environment, operations: Operations }} what */
async function place({ root, library, env, operations }) {
  const kept = dirname(await operationsFile(root, library, env, operations));
  if (await isStamped(kept)) return;
  const compiler = findCompiler(env);
  if (compiler === undefined) throw new Error('there is no C++ compiler (on Debian and Ubuntu `apt-get install g++`)');
  const { include } = library;
  if (include === undefined) throw new Error('LIBTENSORFLOW_DIR has no headers (put them in its folder `include`)');
  const sources = (await sourceFiles(root, operations)).filter((file) => file.endsWith('.cc'));
  await publishFolder(
    kept,
    (partial) => compileInto(join(partial, operations.file), { compiler, sources, include }),
    () => isStamped(kept),
  );
}

/**
 * @param {string} file
 * @param {{ compiler: string, sources: readonly string[], include: string }} from
 */
async function compileInto(file, { compiler, sources, include }) {
  const { status, output, errors } = await capture(compiler, [
    ...FLAGS,
    `-I${include}`,
    ...sources,
    '-ldl',
    '-o',
    file,
  ]);
  if (status !== 0) {
    const log = join(dirname(dirname(file)), 'failed-build.log');
    await writeFile(log, output + errors);
    throw new Error(`they do not compile here (${log} says why)`);
  }
  await writeStamp(dirname(file));
}
