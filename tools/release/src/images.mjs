/** What is done to the images of a release, by a Docker engine. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ROOT } from './release.mjs';

/** @typedef {import('./release.mjs').Image} Image */
/** @typedef {import('./release.mjs').Release} Release */

/** Bytes that an image without TensorFlow may have, one with it, and one with that for GPUs and NVIDIA's libraries. */
const LARGEST = { without: 300e6, with: 1.2e9, gpu: 8e9 };

/**
 * @param {string} name Of the image.
 * @param {boolean} [gpu]
 * @returns {number} Bytes that it may have at most.
 */
export function largestOf(name, gpu = false) {
  if (name === 'ingest' || name === 'shards') return LARGEST.without;
  return gpu ? LARGEST.gpu : LARGEST.with;
}

/** @param {readonly string[]} args */
const docker = (...args) => execFileSync('docker', args, { encoding: 'utf8', maxBuffer: 64 << 20 }).trim();

/** What the engine builds for unless it is told. @returns {string} */
export const enginePlatform = () => `linux/${docker('version', '--format', '{{.Server.Arch}}')}`;

/** @param {Release} release */
export function buildImages({ images, platforms, gpu }) {
  for (const platform of platforms) {
    const names = images.filter((image) => image.platform === platform).map(({ name }) => name);
    if (names.length === 0) continue; // without a name all would be built
    const env = { ...process.env, TENSORFLOW: gpu ? 'gpu' : 'cpu', PLATFORM: platform ?? '' };
    execFileSync('bash', ['containers/build.sh', ...names], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }
}

/**
 * Looks at an image for what everyone relies on: its version, an ordinary user, no file that gives root's rights, a size.
 *
 * @param {Image} image
 * @param {Release} release
 * @returns {{ bytes: number }}
 * @throws {Error} Naming the image, what was expected and what it has.
 */
export function checkImage({ name, built, platform }, { version, commit, gpu }) {
  /** @type {(what: string, expected: unknown, got: unknown, holds: boolean) => void} */
  const demand = (what, expected, got, holds) => {
    if (!holds) throw new Error(`${built}: expected ${what} ${expected}, got ${got}`);
  };
  const [{ Size: bytes, Config: config, Os: os, Architecture: processor }] = JSON.parse(
    docker('image', 'inspect', built),
  );
  if (platform) demand('the platform', platform, `${os}/${processor}`, platform === `${os}/${processor}`);
  const labels = config.Labels ?? {};
  for (const [label, expected] of Object.entries({ version, revision: commit })) {
    const got = labels[`org.opencontainers.image.${label}`];
    demand(`the ${label}`, expected, got, got === expected);
  }
  demand('an ordinary user', 'such as 10001:10001', config.User || 'root', /^[1-9]\d*:[1-9]\d*$/u.test(config.User));
  const largest = largestOf(name, gpu);
  demand('bytes at most', largest, bytes, bytes <= largest);
  const search = ['--user', '0', '--network', 'none', '--entrypoint', 'find', built, '/', '-xdev', '-perm', '/6000'];
  const on = platform ? ['--platform', platform] : [];
  const privileged = docker('run', '--rm', ...on, ...search, '-type', 'f');
  demand('files that give rights:', 'none', privileged, privileged === '');
  console.log(`${built}: ${Math.round(bytes / 1e6)} MB, checked`);
  return { bytes };
}

/**
 * Looks for what an image is made of.
 *
 * @param {Image} image
 * @returns {import('./image-bill.mjs').Inside}
 */
export function lookInside({ built, platform }) {
  const on = platform ? ['--platform', platform] : [];
  const run = ['run', '--rm', '--interactive', ...on, '--network', 'none', '--entrypoint', 'node', built, '-'];
  const input = readFileSync(new URL('look-inside.cjs', import.meta.url));
  return JSON.parse(execFileSync('docker', run, { input, encoding: 'utf8', maxBuffer: 64 << 20 }));
}

/** @param {Image} image */
export function tagImage({ built, published }) {
  docker('tag', built, published);
}

/** @param {Image} image @returns {string} The digest under which the registry has it. */
export function pushImage({ published }) {
  docker('push', '--quiet', published);
  const [{ RepoDigests: digests }] = JSON.parse(docker('image', 'inspect', published));
  const repository = repositoryOf(published);
  const found = digests.find((/** @type {string} */ digest) => digest.startsWith(`${repository}@`));
  if (found === undefined) throw new Error(`${published} was pushed, and the registry gave it no digest`);
  return found.slice(repository.length + 1);
}

/** @param {string} published */
const repositoryOf = (published) => published.slice(0, published.lastIndexOf(':'));

/**
 * Gives images that are pushed one name more, by which a machine gets that of its own processor.
 *
 * @param {import('./release.mjs').List} list
 * @returns {string} The digest under which the registry has it.
 */
export function pushList({ published, of }) {
  // Engines trust a registry on this machine without TLS; this command asks to be told.
  const trust = /^(?:localhost|127\.[\d.]+)(?::\d+)?\//u.test(published) ? ['--insecure'] : [];
  docker('manifest', 'create', ...trust, '--amend', published, ...of);
  return docker('manifest', 'push', ...trust, '--purge', published);
}
