/** Which needs of tests this machine meets; what a package registry can bring is fetched first. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { askForAdvisories } from './advisories.mjs';
import { findChromium } from './chromium.mjs';
import { buildImages, getContainerTools } from './containers.mjs';
import { findImages, testImages } from './docker.mjs';
import { hasNvidiaDriver } from './libtensorflow.mjs';
import { findMpi } from './mpi.mjs';
import { needsOf } from './needs.mjs';
import { fillNpmCache } from './npm-cache.mjs';
import { getNewNode, getOldNode } from './other-nodes.mjs';
import { getOldTensorflow } from './old-tensorflow.mjs';
import { getReaders } from './readers.mjs';
import { onPath } from './process.mjs';
import { SetupError } from './say.mjs';
import { getNats, getServers } from './servers.mjs';
import { whatClusterLacks } from './slurm.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */

/**
 * Whether one need is met: variables for the tests, or why not.
 *
 * @typedef {{ env: Environment } | { why: string }} Answer
 */

/** @type {Readonly<Record<string, (root: string, env: Environment) => Promise<Answer>>>} */
const ANSWERS = {
  net: async (root, env) => {
    // Some tests need the program itself, whichever way the others have their server.
    const images = await findImages(env, testImages(root));
    if (images) return { env: { ...images, BLUEWATERS_NATS_PROGRAM: await getNats(env) } };
    const { nats, minio } = await getServers(env);
    return { env: { BLUEWATERS_NATS_PROGRAM: nats, BLUEWATERS_NATS_SERVER: nats, BLUEWATERS_MINIO: minio } };
  },
  packages: async (root) => {
    const why = await fillNpmCache(root);
    return why === undefined ? { env: {} } : { why: `${why}.` };
  },
  python: async (_root, env) => ({ env: { BLUEWATERS_PYTHON: env.BLUEWATERS_PYTHON ?? (await getReaders(env)) } }),
  browser: async (_root, env) => {
    const chromium = findChromium(env);
    return chromium === undefined ? { why: 'No browser was found.' } : { env: { BLUEWATERS_CHROMIUM: chromium } };
  },
  docker: async (root, env) => {
    const images = await findImages(env, testImages(root));
    return images ? { env: images } : { why: 'No engine with these images answers.' };
  },
  containers: async (root, env) => {
    const images = await findImages(env, testImages(root));
    if (!images) return { why: 'No engine with the images of servers answers.' };
    const tools = await getContainerTools(env);
    await buildImages(root, { ...env, ...tools });
    return { env: { ...images, ...tools } };
  },
  charliecloud: async (_root, env) => {
    const missing = ['ch-run', 'sqfstar', 'setpriv', 'mount'].filter((program) => !onPath(program, env));
    if (missing.length > 0) return { why: `There is no ${missing.join(', ')}.` };
    return process.getuid?.() === 0 ? { env: {} } : { why: 'This is not root.' };
  },
  registry: async (_root, env) =>
    onPath('docker-registry', env) ? { env: {} } : { why: 'There is no docker-registry.' },
  mpi: async (_root, env) => ((await findMpi(env)) ? { env: {} } : { why: 'Neither mpiexec nor a library was found.' }),
  slurm: async (_root, env) => {
    const why = await whatClusterLacks(env);
    return why === undefined ? { env: {} } : { why };
  },
  shellcheck: async (_root, env) => (onPath('shellcheck', env) ? { env: {} } : { why: 'There is no shellcheck.' }),
  bats: async (_root, env) => (onPath('bats', env) ? { env: {} } : { why: 'There is no bats.' }),
  wordnet: async (_root, env) => {
    const folder = env.WNSEARCHDIR || '/usr/share/wordnet';
    const isThere = existsSync(join(folder, 'data.noun'));
    return isThere ? { env: { WNSEARCHDIR: folder } } : { why: `${folder} has no database.` };
  },
  prometheus: async (_root, env) => {
    const program = env.BLUEWATERS_PROMETHEUS || onPath('prometheus', env);
    return program ? { env: { BLUEWATERS_PROMETHEUS: program } } : { why: 'No such program was found.' };
  },
  oldnode: async (_root, env) => ({ env: { BLUEWATERS_OLD_NODE: await getOldNode(env) } }),
  newnode: async (_root, env) => ({ env: { BLUEWATERS_NEW_NODE: await getNewNode(env) } }),
  gpu: async () => ((await hasNvidiaDriver()) ? { env: {} } : { why: 'No NVIDIA driver was found.' }),
  old: async (_root, env) => ({ env: { BLUEWATERS_OLD_TENSORFLOW: await getOldTensorflow(env) } }),
  advisories: async (root, env) => {
    // What is found tomorrow must not fail the tests of someone who changed nothing: who wants it asked says so.
    if (env.BLUEWATERS_ADVISORIES !== '1') return { why: 'BLUEWATERS_ADVISORIES is not 1.' };
    const answer = await askForAdvisories(root, env);
    return 'why' in answer ? { why: `${answer.why}.` } : { env: {} };
  },
  data: async (_root, env) => (env.BLUEWATERS_DATA ? { env: {} } : { why: 'BLUEWATERS_DATA is not set.' }),
};

/**
 * Meets what the files need, and nothing that they do not.
 *
 * @param {string} root The repository.
 * @param {readonly string[]} files Test files that are to run.
 * @param {Environment} env
 * @returns {Promise<{ env: Environment, lacks: Record<string, string> }>} Variables for the tests, and by suffix why a
 *   need is not met.
 */
export async function meetNeeds(root, files, env) {
  const suffixes = new Set(files.flatMap((file) => needsOf(file).map(({ suffix }) => suffix)));
  /** @type {Environment} */
  let found = {};
  /** @type {Record<string, string>} */
  const lacks = {};
  for (const suffix of suffixes) {
    const answer = await askFor(suffix, root, env);
    if ('why' in answer) lacks[suffix] = answer.why;
    else found = { ...found, ...answer.env };
  }
  return { env: found, lacks };
}

/**
 * @param {string} suffix
 * @param {string} root
 * @param {Environment} env
 * @returns {Promise<Answer>}
 */
async function askFor(suffix, root, env) {
  try {
    return (await ANSWERS[suffix]?.(root, env)) ?? { why: 'Nobody knows how to meet it.' };
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return { why: `${error.message} ${error.how}` };
  }
}
