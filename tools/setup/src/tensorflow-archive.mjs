/** The archive of libtensorflow that `@tensorflow/tfjs-node-gpu`'s install script fetches, for machines without pip. */
import { createWriteStream } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { removeFolder } from './cache.mjs';
import { sha256File } from './digest.mjs';
import { TENSORFLOW_ARCHIVES, TENSORFLOW_ARCHIVE_VERSION } from './pins.mjs';
import { capture, lastLines } from './process.mjs';
import { DigestError } from './python.mjs';
import { SetupError, say } from './say.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */
/** @typedef {import('./pins.mjs').Variant} Variant */

/**
 * Fetches and unpacks the archive: `lib` and `include` in `folder`.
 *
 * @param {string} folder
 * @param {Variant} variant
 * @param {Environment} env `TFJS_NODE_CDN_STORAGE` names another server, as for that script.
 * @param {string} [sha256]
 */
export async function unpackArchive(folder, variant, env, sha256 = TENSORFLOW_ARCHIVES[variant].sha256) {
  const address = archiveAddress(variant, env.TFJS_NODE_CDN_STORAGE ?? downloadServer());
  const file = join(folder, 'archive.tar.gz');
  say(`fetching ${address}, ${TENSORFLOW_ARCHIVES[variant].megabytes} MB`);
  await download(address, file);
  const got = await sha256File(file);
  if (got !== sha256) {
    throw new DigestError(
      `${address}: expected SHA-256 ${sha256}, got ${got}; nothing of it was kept.`,
      'Look at who answers under that address, then run set-up again.',
    );
  }
  const { status, errors } = await capture('tar', ['-xzf', file, '-C', folder, '--no-same-owner']);
  await removeFolder(file);
  if (status !== 0) throw new SetupError(`${file} cannot be unpacked: ${lastLines(errors, 1)}.`, 'Look for space.');
}

/**
 * @param {Variant} variant
 * @param {string} server
 * @returns {string}
 */
function archiveAddress(variant, server) {
  const name = `libtensorflow-${variant}-linux-x86_64-${TENSORFLOW_ARCHIVE_VERSION}.tar.gz`;
  return new URL(`/tensorflow/libtensorflow/${name}`, server).href;
}

/** @returns {string} The server that tfjs-node-gpu names for its own downloads. */
function downloadServer() {
  const facts = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu/package.json');
  return facts.binary.host;
}

/**
 * @param {string} address
 * @param {string} file
 */
async function download(address, file) {
  try {
    const answer = await fetch(address);
    if (!answer.ok || answer.body === null) throw new Error(`status ${answer.status}`);
    await pipeline(Readable.fromWeb(answer.body), createWriteStream(file));
  } catch (error) {
    throw new SetupError(
      `${address} could not be fetched: ${reason(error)}.`,
      'Look at the network, or set TFJS_NODE_CDN_STORAGE to a mirror.',
      { cause: error },
    );
  }
}

/**
 * @param {unknown} error
 * @returns {string} The innermost message: `fetch` wraps what it met.
 */
function reason(error) {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reason(error.cause) : error.message;
}
