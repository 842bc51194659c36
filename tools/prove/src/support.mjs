/** What proofs have in common. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getReaders } from '../../setup/src/readers.mjs';

export const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
export const COMMAND = join(REPOSITORY, 'tools/cli/bin/bluewaters.mjs');

/** @typedef {{ code: number | null, result: any }} Ended */

/** Not behind `--`: there it would be an option of what is launched. @param {readonly string[]} args */
export function withJson(args) {
  return args.toSpliced(args.includes('--') ? args.indexOf('--') : args.length, 0, '--json');
}

/**
 * Runs `bluewaters` with `--json`; what it tells people passes through.
 *
 * @param {readonly string[]} args
 * @param {number} [killAfterMs] SIGKILL after so long.
 * @returns {Promise<Ended>}
 */
export function bluewaters(args, killAfterMs) {
  const child = spawn(process.execPath, [COMMAND, ...withJson(args)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.on('data', (bytes) => (stdout += bytes));
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return new Promise((resolve) => {
    child.once('close', (code) => {
      clearTimeout(timer);
      const last = stdout.trimEnd().split('\n').at(-1);
      resolve({ code, result: last ? JSON.parse(last) : undefined });
    });
  });
}

/** @param {number} share */
export const percent = (share) => `${(100 * share).toFixed(2)} %`;

/** @param {boolean} holds @param {string} demand */
export function demand(holds, demand) {
  if (!holds) throw new Error(`not met: ${demand}`);
}

/** A proof cannot be made here. */
export class LeftOut extends Error {}

/** The folder of real pictures. @throws {LeftOut} When none is named. */
export function pictures() {
  const folder = process.env['BLUEWATERS_DATA'];
  if (!folder) throw new LeftOut('left out: BLUEWATERS_DATA does not name the real pictures');
  return folder;
}

/**
 * Makes a dataset of the complete MNIST or of CIFAR-10's training pictures in a store.
 *
 * @param {'mnist' | 'cifar10'} dataset
 * @param {string} folder The store's.
 */
export async function prepare(dataset, folder) {
  const place = ['--store', folder];
  if (dataset === 'mnist') {
    // It brings its pictures along; what it learns in passing is not looked at.
    await bluewaters(['run', '--quickstart', '--epochs', '1', '--minimum-accuracy', '0.9', ...place]);
    return;
  }
  const from = join(pictures(), dataset);
  const files = ['--images', join(from, 'Images.tar.gz'), '--synsets', join(from, 'synsets.txt')];
  await bluewaters(['ingest', ...files, '--dataset', dataset, ...place]);
  await bluewaters(['shards', 'build', '--dataset', dataset, ...place]);
}

/** A Python with TensorFlow: as BLUEWATERS_PYTHON says, or the one that the tests get. */
export const python = async () => process.env['BLUEWATERS_PYTHON'] ?? getReaders(process.env);
