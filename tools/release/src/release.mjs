/** What a release is: a version, a commit, and the images with the names that they have here and elsewhere. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Those that `containers/build.sh` builds; the last for processors alone. */
export const IMAGES = /** @type {const} */ (['ingest', 'shards', 'training', 'inference', 'cli', 'blue-waters']);

/** @type {ImageName} */
const FOR_PROCESSORS = 'blue-waters';

/** @typedef {(typeof IMAGES)[number]} ImageName */

/**
 * @typedef {object} Image
 * @property {ImageName} name
 * @property {string} built Its name where it was built.
 * @property {string} published Its name at the registry.
 */

/**
 * @typedef {object} Release
 * @property {string} version
 * @property {string} tag Of the images: the version, with `-gpu` where TensorFlow is that for GPUs.
 * @property {string} commit
 * @property {boolean} gpu
 * @property {readonly Image[]} images
 */

/** A registry's host, perhaps with a port, and a path: what a reference to an image is made of. */
const PROJECT = /^[a-z0-9][a-z0-9.-]*(?::\d+)?(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)+$/u;

/** @param {readonly string[]} args */
const git = (...args) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();

/**
 * @param {{ project: string | undefined, only?: readonly string[], gpu: boolean, push: boolean }} asked `only`: all
 *   that there are of that kind, unless they are named.
 * @returns {Release}
 * @throws {Error} Where the project or an image has no name, and for a push of what is no version.
 */
export function releaseOf({ project, only, gpu, push }) {
  if (project === undefined || !PROJECT.test(project)) {
    throw new Error(`expected REGISTRY/PROJECT, such as ghcr.io/you, got ${project ?? 'nothing'}`);
  }
  const names = (only ?? IMAGES.filter((name) => !gpu || name !== FOR_PROCESSORS)).map(imageName);
  if (gpu && names.includes(FOR_PROCESSORS)) throw new Error(`there is no ${FOR_PROCESSORS} for GPUs`);
  const { version } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8'));
  const commit = git('rev-parse', 'HEAD');
  if (push) assertVersioned(version);
  const tag = gpu ? `${version}-gpu` : version;
  const images = names.map((name) => ({
    name,
    built: `bluewaters/${name}:${tag}`,
    // The command has everything in it: it is what jobs name.
    published: `${project}/bluewaters${name === 'cli' ? '' : `-${name}`}:${tag}`,
  }));
  return { version, tag, commit, gpu, images };
}

/** @param {string} text @returns {ImageName} */
function imageName(text) {
  const name = IMAGES.find((one) => one === text);
  if (name === undefined) throw new Error(`there is no image ${text}; there are ${IMAGES.join(', ')}`);
  return name;
}

/** Bytes that others fetch can be made again only from a commit that has a name. @param {string} version */
function assertVersioned(version) {
  const changed = git('status', '--porcelain');
  if (changed !== '') throw new Error(`expected nothing that is not committed, got\n${changed}`);
  if (!git('tag', '--points-at', 'HEAD').split('\n').includes(`v${version}`)) {
    throw new Error(`expected the tag v${version} at this commit: \`git tag v${version}\``);
  }
}
