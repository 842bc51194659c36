/** What this machine has, for `bluewaters doctor`. Looks only: fetches, builds and changes nothing. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { addonFile, findCompiler } from './addon.mjs';
import { findChromium } from './chromium.mjs';
import { dockerVersion } from './docker.mjs';
import { findLibtensorflow } from './libtensorflow.mjs';
import { findMpi } from './mpi.mjs';
import { operationsFile } from './operations.mjs';
import { capture, lastLines, onPath } from './process.mjs';
import { findPip } from './python.mjs';
import { atLeast, cpuFeatures, OLDEST_NODE } from './requirements.mjs';
import { SetupError } from './say.mjs';
import { findAnyNats, findMinio } from './servers.mjs';
import { isStamped } from './stamp.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */
/** @typedef {import('./libtensorflow.mjs').Libtensorflow} Libtensorflow */

/**
 * One thing that was looked for.
 *
 * @typedef {object} Finding
 * @property {string} name What was looked for, such as `Node.js`.
 * @property {boolean} found Whether it is here and can be used.
 * @property {string} value What was found: a version, a path, or why it cannot be used; empty when there is nothing.
 * @property {string} how How to get it, one sentence.
 */

/** @typedef {{ name: string, how: string, look: (root: string, env: Environment) => Promise<string | Unusable> }} Probe */

/** Something is not here, or is here and cannot be used. */
class Unusable {
  /** @param {string} why Empty when there is nothing to say. */
  constructor(why = '') {
    this.why = why;
  }
}

/** CPU features that TensorFlow's kernels make use of. */
const FEATURES = ['avx', 'avx2', 'fma', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_tile'];

/**
 * @param {string | undefined} value
 * @returns {string | Unusable}
 */
const orNothing = (value) => value ?? new Unusable();

/** @type {readonly Probe[]} */
const PROBES = [
  {
    name: 'Node.js',
    how: `Install Node.js ${OLDEST_NODE} or newer, as an ordinary user with \`nvm install 20\`.`,
    look: async () =>
      atLeast(process.versions.node, OLDEST_NODE)
        ? process.versions.node
        : new Unusable(`${process.versions.node} is too old`),
  },
  {
    name: 'TensorFlow library',
    how: 'Run `npm run setup`, or set LIBTENSORFLOW_DIR to a folder that holds it.',
    look: async (_root, env) => lookForTensorflow(env),
  },
  {
    name: 'CPU features',
    how: 'TensorFlow needs AVX: use a machine made since 2011.',
    look: async () => {
      const present = FEATURES.filter((feature) => cpuFeatures().includes(feature));
      return present.includes('avx') ? present.join(', ') : new Unusable('no AVX');
    },
  },
  {
    name: 'tfjs addon',
    how: 'Install a C++ compiler and make, on Debian and Ubuntu `apt-get install g++ make`, then `npm run setup`.',
    look: async (root) => orNothing([addonFile(root)].find((file) => existsSync(file))),
  },
  {
    name: 'operations of our own',
    how: 'Install a C++ compiler, on Debian and Ubuntu `apt-get install g++`, then `npm run setup`; stock operations stand in.',
    look: async (root, env) => lookForOperations(root, env),
  },
  {
    name: 'C++ compiler',
    how: 'On Debian and Ubuntu `apt-get install g++ make`; on Cray systems `module load PrgEnv-gnu`.',
    look: async (_root, env) => orNothing(findCompiler(env)),
  },
  {
    name: 'Python with pip',
    how: 'On Debian and Ubuntu `apt-get install python3 python3-pip`; only set-up needs it.',
    look: async () => {
      const python = await findPip();
      return python ? (await capture(python, ['--version'])).output.trim() : new Unusable();
    },
  },
  {
    name: 'MPI',
    how: 'On Debian and Ubuntu `apt-get install mpich`; on a cluster load the MPI module of the site.',
    look: async (_root, env) => {
      const mpi = await findMpi(env);
      return mpi ? `${mpi.launcher}, ${mpi.library}` : new Unusable();
    },
  },
  {
    name: 'NATS server',
    how: 'Run `npm run setup -- servers`, or use Docker; tests need it, and services that run as processes of their own.',
    look: async (_root, env) => versionOf(await findAnyNats(env)),
  },
  {
    name: 'MinIO server',
    how: 'Run `npm run setup -- servers`, or use Docker; tests need it, and services that share no folder.',
    look: async (_root, env) => versionOf(await findMinio(env)),
  },
  {
    name: 'Docker engine',
    how: 'Install Docker and start it, or set DOCKER_HOST; only tests of containers need it.',
    look: async (_root, env) => orNothing(await dockerVersion(env)),
  },
  {
    name: 'NVIDIA driver',
    how: "Install NVIDIA's driver for the GPU; without it TensorFlow runs on the CPU.",
    look: async () => lookForNvidia(),
  },
  {
    name: 'Chromium',
    how: 'On Debian `apt-get install chromium`, or set BLUEWATERS_CHROMIUM; only tests of the page need it.',
    look: async (_root, env) => orNothing(findChromium(env)),
  },
];

/**
 * Looks for everything that Blue Waters ML uses, needed or not.
 *
 * @param {string} root The repository.
 * @param {Environment} [env]
 * @returns {Promise<Finding[]>} In a fixed order; never rejects for something that is missing.
 */
export async function probeEnvironment(root, env = process.env) {
  return Promise.all(
    PROBES.map(async ({ name, how, look }) => {
      const got = await look(root, env).catch(refused);
      return got instanceof Unusable
        ? { name, found: false, value: got.why, how }
        : { name, found: true, value: got, how };
    }),
  );
}

/**
 * What set-up refuses is here and cannot be used.
 *
 * @param {unknown} error
 * @returns {Unusable}
 */
function refused(error) {
  if (!(error instanceof SetupError)) throw error;
  return new Unusable(error.message);
}

/**
 * @param {Environment} env
 * @returns {Promise<string | Unusable>}
 */
async function lookForTensorflow(env) {
  const library = await findLibtensorflow(env);
  return library === undefined ? new Unusable() : await describeTensorflow(library);
}

/**
 * @param {Libtensorflow} library
 * @returns {Promise<string | Unusable>}
 */
async function describeTensorflow({ name, folder, trust, sha256 }) {
  if (trust === 'pinned') return `${name} in ${folder}, digests right`;
  if (trust === 'unknown') return `${name} in ${folder}, SHA-256 ${sha256}: not one that is pinned, you vouch for it`;
  return (await isStamped(folder, { thorough: true }))
    ? `${name} in ${folder}, digests right`
    : new Unusable(`damaged in ${folder}; remove it`);
}

/**
 * @param {string} root
 * @param {Environment} env
 * @returns {Promise<string | Unusable>}
 */
async function lookForOperations(root, env) {
  const library = await findLibtensorflow(env);
  if (library === undefined) return new Unusable();
  const file = await operationsFile(root, library, env);
  return (await isStamped(dirname(file))) ? file : new Unusable();
}

/**
 * @param {string | undefined} program
 * @returns {Promise<string | Unusable>}
 */
async function versionOf(program) {
  if (program === undefined) return new Unusable();
  const { status, output, errors } = await capture(program, ['--version'], { timeoutMs: 20_000 });
  const [first = ''] = output.split('\n');
  return status === 0 ? `${program} (${first.trim()})` : new Unusable(lastLines(errors, 1));
}

/** @returns {Promise<string | Unusable>} */
async function lookForNvidia() {
  const file = '/proc/driver/nvidia/version';
  if (existsSync(file)) return readFileSync(file, 'utf8').split('\n')[0]?.trim() ?? '';
  if (onPath('nvidia-smi', process.env) === undefined) return new Unusable();
  const { status, output } = await capture('nvidia-smi', ['-L'], { timeoutMs: 20_000 });
  return status === 0 ? output.trim() : new Unusable('nvidia-smi finds no GPU');
}
