#!/usr/bin/env node
/**
 * Makes a fresh clone ready, then runs what was asked for. It runs before anything is installed, so it is plain
 * JavaScript on Node's own modules. The second time it takes seconds and reaches no network.
 *
 *   node tools/setup/setup.mjs              get ready
 *   node tools/setup/setup.mjs quickstart   … and run `bluewaters run --quickstart`, with the arguments that follow
 *   node tools/setup/setup.mjs test         … and run the tests; arguments that follow go to vitest
 *   node tools/setup/setup.mjs program FILE … and run a program of this repository, with the arguments that follow
 *   node tools/setup/setup.mjs servers      get the NATS and MinIO servers that tests use, and print where
 *   node tools/setup/setup.mjs tensorflow   get libtensorflow alone, and print where; with a folder, which must not be there
 *                                           yet, put it there without what only a debugger reads, as in images
 *   node tools/setup/setup.mjs nats         get the NATS server alone, and print where
 *   node tools/setup/setup.mjs old-node     get the oldest Node.js that our programs run on, and print where
 *   node tools/setup/setup.mjs old-nats     get a NATS server for kernels too old for today's, and print where
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { placeAddon } from './src/addon.mjs';
import { launchEnvironment } from './src/launch.mjs';
import { copyStripped, getLibtensorflow } from './src/libtensorflow.mjs';
import { getOldNode } from './src/other-nodes.mjs';
import { placeOperations } from './src/operations.mjs';
import { compile, installPackages } from './src/packages.mjs';
import { hand } from './src/process.mjs';
import { requireMachine, thisMachine } from './src/requirements.mjs';
import { SetupError, say } from './src/say.mjs';
import { getNats, getOldNats, getServers } from './src/servers.mjs';
import { runTests } from './src/test-run.mjs';

/** @typedef {import('./src/cache.mjs').Environment} Environment */

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * Gets everything but the compiled TypeScript.
 *
 * @returns {Promise<Environment>} What programs of this repository are to be started with.
 */
async function getReady() {
  const machine = await thisMachine();
  requireMachine(machine);
  await installPackages(root);
  const library = await getLibtensorflow(process.env);
  if (library.trust === 'unknown') {
    say(`LIBTENSORFLOW_DIR holds none of the pinned builds (SHA-256 ${library.sha256}): you vouch for it`);
  }
  const addon = await placeAddon(root, library, process.env);
  const operations = await placeOperations(root, library, process.env);
  const place = (/** @type {boolean} */ there) => (there ? 'in place' : 'left out');
  const native = `tfjs addon ${place(addon)}, operations of our own ${place(operations)}`;
  say(`ready: Node ${machine.nodeVersion}, libtensorflow ${library.name}, ${native}`);
  return launchEnvironment(process.env, library);
}

/**
 * Gets everything, then hands over.
 *
 * @param {string} file Of the program, a module for Node.
 * @param {readonly string[]} args
 * @returns {Promise<number>} Its exit status.
 */
async function runProgram(file, args) {
  const env = await getReady();
  await compile(root);
  return hand(process.execPath, [file, ...args], { env });
}

/** @type {Readonly<Record<string, (args: string[]) => Promise<number>>>} */
const COMMANDS = {
  setup: async () => {
    await getReady();
    await compile(root);
    return 0;
  },
  quickstart: (args) => runProgram(join(root, 'tools/cli/bin/bluewaters.mjs'), ['run', '--quickstart', ...args]),
  program: async ([file, ...args]) => {
    if (file !== undefined) return runProgram(file, args);
    throw new SetupError('No program is named.', 'Say its file after `program`, then its arguments.');
  },
  test: async (args) => runTests(root, args, await getReady()),
  servers: async () => {
    const { nats, minio } = await getServers(process.env);
    process.stdout.write(`BLUEWATERS_NATS_SERVER=${nats}\nBLUEWATERS_MINIO=${minio}\n`);
    return 0;
  },
  nats: async () => {
    process.stdout.write(`BLUEWATERS_NATS_SERVER=${await getNats(process.env)}\n`);
    return 0;
  },
  'old-nats': async () => {
    process.stdout.write(`BLUEWATERS_NATS_SERVER=${await getOldNats(process.env)}\n`);
    return 0;
  },
  tensorflow: async ([target]) => {
    const library = await getLibtensorflow(process.env);
    if (target !== undefined) await copyStripped(library, target);
    process.stdout.write(`LIBTENSORFLOW_DIR=${target ?? library.folder}\n`);
    return 0;
  },
  'old-node': async () => {
    process.stdout.write(`BLUEWATERS_OLD_NODE=${await getOldNode(process.env)}\n`);
    return 0;
  },
};

/**
 * @param {readonly string[]} argv
 * @returns {Promise<number>}
 */
async function main([name = 'setup', ...args]) {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command(args);
  throw new SetupError(`There is no "${name}".`, `Ask for one of ${Object.keys(COMMANDS).join(', ')}.`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(`${error.code === undefined ? '' : `error ${error.code}: `}${error.message} ${error.how}`);
  process.exitCode = 1;
}
