/**
 * The native part of `@tensorflow/tfjs-node-gpu`, compiled against the libtensorflow that was found, so that both use
 * one library. Without a compiler it is left out, and tfjs runs on its JavaScript backend.
 */
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readFile, realpath, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder, publishFolder, removeFolder } from './cache.mjs';
import { sha256 } from './digest.mjs';
import { capture, onPath } from './process.mjs';
import { say } from './say.mjs';
import { isStamped, writeStamp } from './stamp.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */
/** @typedef {import('./libtensorflow.mjs').Libtensorflow} Libtensorflow */

/** The newest version of Node's native interface that tfjs-node-gpu names. */
const NAPI = 8;
const BINDING = 'tfjs_binding.node';

/**
 * @param {string} root The repository.
 * @returns {string} The folder of the npm package.
 */
function packageFolder(root) {
  return join(root, 'node_modules/@tensorflow/tfjs-node-gpu');
}

/**
 * @param {string} root
 * @returns {string} Where tfjs-node-gpu looks for its addon.
 */
export function addonFile(root) {
  return join(packageFolder(root), 'lib', `napi-v${NAPI}`, BINDING);
}

/**
 * Puts the addon in its place, compiling it when the cache has none for this library.
 *
 * @param {string} root
 * @param {Libtensorflow} library
 * @param {Environment} env
 * @returns {Promise<boolean>} False when it is left out; a line then says why.
 */
export async function placeAddon(root, library, env) {
  const kept = await keptAddon(root, library, env);
  if (!(await isStamped(kept))) {
    const lack = whatCompilingLacks(library, env);
    if (lack !== undefined) {
      say(`tfjs addon: left out, ${lack}; tfjs runs on its JavaScript backend`);
      return false;
    }
    if (!(await build(root, library, kept))) return false;
  }
  await linkLibrary(packageFolder(root), library);
  await placeFile(join(kept, BINDING), addonFile(root));
  return true;
}

/**
 * @param {Libtensorflow} library
 * @param {Environment} env
 * @returns {string | undefined} What is missing and how to get it.
 */
export function whatCompilingLacks(library, env) {
  if (findCompiler(env) === undefined || onPath('make', env) === undefined) {
    return 'no C++ compiler with make (on Debian and Ubuntu `apt-get install g++ make`)';
  }
  if (library.include === undefined) return 'LIBTENSORFLOW_DIR has no headers (put them in its folder `include`)';
  return undefined;
}

/**
 * @param {Environment} env
 * @returns {string | undefined} The C++ compiler: CXX, else the first known one on PATH.
 */
export function findCompiler(env) {
  return [env.CXX ?? 'g++', 'c++', 'clang++'].map((name) => onPath(name, env)).find(Boolean);
}

/**
 * @param {string} root
 * @param {Libtensorflow} library
 * @param {Environment} env
 * @returns {Promise<string>} The addon's folder in the cache: one for each tfjs, libtensorflow and native interface.
 */
async function keptAddon(root, library, env) {
  const { version } = JSON.parse(await readFile(join(packageFolder(root), 'package.json'), 'utf8'));
  const file = await realpath(join(library.folder, 'libtensorflow.so')).catch(() => library.folder);
  const facts = await stat(file);
  const key = sha256(`${file} ${facts.size} ${facts.mtimeMs}`).slice(0, 12);
  return join(cacheFolder(env), 'tfjs-addon', `${version}-napi${NAPI}-${process.arch}-${key}`);
}

/**
 * @param {string} root
 * @param {Libtensorflow} library
 * @param {string} kept
 * @returns {Promise<boolean>}
 */
async function build(root, library, kept) {
  say('tfjs addon: compiling it, about 20 seconds');
  try {
    await publishFolder(
      kept,
      async (partial) => {
        await compileIn(join(partial, 'source'), root, library);
        await copyFile(join(partial, 'source', 'lib', `napi-v${NAPI}`, BINDING), join(partial, BINDING));
        await removeFolder(join(partial, 'source'));
        await writeStamp(partial);
      },
      () => isStamped(kept),
    );
    return true;
  } catch (error) {
    say(`tfjs addon: left out, ${error instanceof Error ? error.message : error}; tfjs runs on its JavaScript backend`);
    return false;
  }
}

/**
 * @param {string} source Made here: a copy of what the package compiles, so that clones do not disturb one another.
 * @param {string} root
 * @param {Libtensorflow} library
 */
async function compileIn(source, root, library) {
  for (const name of ['binding', 'binding.gyp', 'package.json']) {
    await cp(join(packageFolder(root), name), join(source, name), { recursive: true });
  }
  await linkLibrary(source, library);
  const gyp = [join(root, 'node_modules/node-gyp/bin/node-gyp.js'), 'rebuild', `--directory=${source}`];
  const target = ['--module_name=tfjs_binding', `--module_path=${join(source, 'lib', `napi-v${NAPI}`)}`];
  const { status, output, errors } = await capture(
    process.execPath,
    [...gyp, ...target, `--napi_build_version=${NAPI}`, ...nodeHeaders()],
    { cwd: source },
  );
  if (status === 0) return;
  const log = join(dirname(dirname(source)), 'failed-build.log');
  await writeFile(log, output + errors);
  throw new Error(`it does not compile here (${log} says why)`);
}

/** @returns {string[]} Node's own headers where they lie beside it; else node-gyp fetches them. */
function nodeHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
}

/**
 * Points `deps` of a package folder at the library.
 *
 * @param {string} folder
 * @param {Libtensorflow} library
 */
async function linkLibrary(folder, library) {
  await mkdir(join(folder, 'deps'), { recursive: true });
  await placeLink(library.folder, join(folder, 'deps/lib'));
  if (library.include !== undefined) await placeLink(library.include, join(folder, 'deps/include'));
}

/**
 * @param {string} target
 * @param {string} link
 */
async function placeLink(target, link) {
  if ((await realpath(link).catch(() => undefined)) === (await realpath(target))) return;
  await rm(link, { recursive: true, force: true });
  await symlink(await realpath(target), link);
}

/**
 * Copies, since a link would make the addon look for its library beside the cached file.
 *
 * @param {string} from
 * @param {string} to
 */
async function placeFile(from, to) {
  const [wanted, present] = await Promise.all([readFile(from), readFile(to).catch(() => undefined)]);
  if (present?.equals(wanted)) return;
  await mkdir(dirname(to), { recursive: true });
  const partial = `${to}.${process.pid}`;
  await copyFile(from, partial);
  await rename(partial, to);
}
