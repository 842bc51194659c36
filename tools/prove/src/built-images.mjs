/** The proofs of images that CI has no time to build: those for arm64, and those for GPUs. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../../../libs/testing/dist/until.js';
import { largestOf } from '../../release/src/images.mjs';
import { answerOf, drawArchive } from './processors.mjs';
import { COMMAND, demand, LeftOut, REPOSITORY } from './support.mjs';

const run = promisify(execFile);
/** As strict as compose.yaml. */
const CONTAINED = '--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --network none'.split(' ');
/** For a service to say that it is healthy. */
const HEALTHY_MS = 120_000;

/**
 * The images for arm64, built by the Dockerfile with an emulator that the system knows; the command among them takes
 * pictures from an archive to a prediction, and the dataset is as that of this machine.
 *
 * @param {string} folder
 */
export async function arm64Images(folder) {
  requireEngine();
  if (!existsSync('/proc/sys/fs/binfmt_misc/qemu-aarch64')) {
    throw new LeftOut(
      'left out: the system knows no emulator for arm64 (Debian: qemu-user-static with binfmt-support)',
    );
  }
  execFileSync('bash', ['containers/stand-in-images.sh', 'arm64'], { cwd: REPOSITORY, stdio: 'inherit' });
  const built = build({ PLATFORM: 'linux/arm64' });
  await takeTheLine(folder, commandAmong(built.images), ['--platform', 'linux/arm64']);
  return `${built.images.join(', ')}, built by an emulator in ${built.minutes} minutes; from an archive to a prediction there, the dataset byte for byte as on ${process.arch}`;
}

/**
 * The images for GPUs. Where there is none they work all the same, by the CPU: the command takes pictures from an archive
 * to a prediction, and the services come to be healthy.
 *
 * @param {string} folder
 */
export async function gpuImages(folder) {
  requireEngine();
  const { images, minutes } = build({ TENSORFLOW: 'gpu' });
  await takeTheLine(folder, commandAmong(images));
  for (const line of images) {
    const [name = ''] = line.split(' ');
    if (!name.startsWith('bluewaters/cli:')) await becomesHealthy(name);
  }
  return `${images.join(', ')}, built in ${minutes} minutes; without a GPU, from an archive to a prediction, the dataset byte for byte as without an image; all four services healthy`;
}

export function requireEngine() {
  if (spawnSync('docker', ['version']).status !== 0) throw new LeftOut('left out: there is no Docker engine');
}

/**
 * @param {Record<string, string>} variant
 * @returns {{ images: string[], minutes: number }} A line for each image, with its size, which is within its bound.
 */
function build(variant) {
  const start = performance.now();
  const built = execFileSync('bash', ['containers/build.sh'], {
    cwd: REPOSITORY,
    env: { ...process.env, ...variant },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const images = built.toString().trim().split('\n');
  for (const line of images) {
    const [, name = '', megabytes] = /^bluewaters\/([\w-]+):\S+ (\d+) MB$/u.exec(line) ?? [];
    const largest = largestOf(name, variant['TENSORFLOW'] === 'gpu');
    demand(Number(megabytes) * 1e6 <= largest, `at most ${largest / 1e6} MB, got ${line}`);
  }
  return { images, minutes: Math.round((performance.now() - start) / 60_000) };
}

/** @param {readonly string[]} images */
const commandAmong = (images) => images.find((line) => line.startsWith('bluewaters/cli:'))?.split(' ')[0] ?? '';

/**
 * From an archive to a prediction, here and in a container, which must come to the same dataset.
 *
 * @param {string} folder
 * @param {string} image Of the command.
 * @param {readonly string[]} [options] Of its container.
 */
async function takeTheLine(folder, image, options = []) {
  await drawArchive(folder);
  const user = `${process.getuid?.()}:${process.getgid?.()}`;
  // Under its own name, which the index has of its archive.
  const place = ['--volume', `${folder}:${folder}`, '--env', `TMPDIR=${folder}`, '--env', `BLUEWATERS_CACHE=${folder}`];
  const there = ['docker', 'run', '--rm', ...options, '--user', user, ...place, ...CONTAINED, image];
  const own = await lineOf([process.execPath, COMMAND], folder, 'own');
  const other = await lineOf(there, folder, 'other');
  demand(own.heldOut > 0 && other.heldOut === own.heldOut, 'pictures held out, as many on both');
  demand(
    (await digestOf(join(folder, 'other/datasets'))) === (await digestOf(join(folder, 'own/datasets'))),
    'the same dataset byte for byte',
  );
}

/**
 * @param {readonly string[]} command
 * @param {string} folder Of the archive.
 * @param {string} store
 */
function lineOf(command, folder, store) {
  const archive = ['--images', `${folder}/Images.tar`, '--synsets', `${folder}/synsets.txt`, '--dataset', 'pictures'];
  const training = ['--network', 'lenet', '--epochs', '1', '--validation-share', '0.2', '--check', 'full'];
  return answerOf(command, ['run', ...archive, ...training, '--store', `${folder}/${store}`, '--json']);
}

/** Of all files below a folder, with their names. @param {string} folder */
async function digestOf(folder) {
  const list = 'cd "$0" && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum';
  return (await run('bash', ['-c', list, folder])).stdout;
}

/** @param {string} image Of a service. */
async function becomesHealthy(image) {
  const place = ['--env', 'BLUEWATERS_BUS=in-process', '--env', 'BLUEWATERS_STORE=directory:/tmp/store'];
  const { stdout } = await run('docker', ['run', '--detach', ...place, ...CONTAINED, image]);
  const id = stdout.trim();
  try {
    const health = async () =>
      (await run('docker', ['inspect', '--format', '{{.State.Health.Status}}', id])).stdout.trim();
    await until(`${image} to be healthy`, async () => (await health()) === 'healthy', HEALTHY_MS);
  } finally {
    await run('docker', ['rm', '--force', '--volumes', id]);
  }
}
