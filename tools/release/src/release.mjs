/** What a release is: a version, a commit, and the images with the names that they have here and elsewhere. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Those that `containers/build.sh` builds; the last for x64 without GPUs alone. */
export const IMAGES = /** @type {const} */ (['ingest', 'shards', 'training', 'inference', 'cli', 'blue-waters']);

/** @type {ImageName} */
const FOR_OLD = 'blue-waters';

/** That images can be for, as registries spell them. */
export const PLATFORMS = /** @type {const} */ (['linux/amd64', 'linux/arm64']);

/** @typedef {(typeof PLATFORMS)[number]} Platform */

/** @type {Platform} */
const ARM64 = 'linux/arm64';

/** @typedef {(typeof IMAGES)[number]} ImageName */

/**
 * @typedef {object} Image
 * @property {ImageName} name
 * @property {Platform} [platform] Where one was asked for.
 * @property {string} built Its name where it was built.
 * @property {string} published Its name at the registry.
 */

/**
 * @typedef {object} List One name at the registry for the images of several platforms, of which each machine gets its own.
 * @property {ImageName} name
 * @property {string} published
 * @property {readonly string[]} of What its images are published as.
 */

/**
 * @typedef {object} Release
 * @property {string} version
 * @property {string} tag Of the images: the version, with `-gpu` where TensorFlow is that for GPUs.
 * @property {string} commit
 * @property {boolean} gpu
 * @property {readonly (Platform | undefined)[]} platforms Undefined is the engine's own.
 * @property {readonly Image[]} images
 * @property {readonly List[]} lists Empty where no platform was asked for.
 */

/** A registry's host, perhaps with a port, and a path: what a reference to an image is made of. */
const PROJECT = /^[a-z0-9][a-z0-9.-]*(?::\d+)?(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)+$/u;

/** @param {readonly string[]} args */
const git = (...args) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();

/**
 * @param {{ project: string | undefined, only?: readonly string[], platform?: readonly string[], gpu: boolean,
 *   push: boolean }} asked `only`: all that there are of that kind, unless they are named. `platform`: the engine's own,
 *   unless some are named.
 * @param {() => string} enginePlatform What the engine builds for where no platform is named.
 * @returns {Release}
 * @throws {Error} Where the project, an image or a platform is none, and for a push of what is no version.
 */
export function releaseOf({ project, only, platform, gpu, push }, enginePlatform) {
  if (project === undefined || !PROJECT.test(project)) {
    throw new Error(`expected REGISTRY/PROJECT, such as ghcr.io/you, got ${project ?? 'nothing'}`);
  }
  const platforms = platform?.map(platformOf) ?? [undefined];
  const names = namesFor(platform ?? [enginePlatform()], gpu, only);
  const { version } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8'));
  const commit = git('rev-parse', 'HEAD');
  if (push) assertVersioned(version);
  const tag = gpu ? `${version}-gpu` : version;
  const images = platforms.flatMap((one) => imagesOf(names, { project, tag, platform: one }));
  const lists =
    platform === undefined ? [] : names.map((name) => listOf(name, images, publishedAs(project, name, tag)));
  return { version, tag, commit, gpu, platforms, images, lists };
}

/**
 * @param {readonly string[]} platforms
 * @param {boolean} gpu
 * @param {readonly string[]} [only]
 * @returns {ImageName[]}
 */
function namesFor(platforms, gpu, only) {
  if (gpu && platforms.includes(ARM64)) throw new Error(`there is no TensorFlow for GPUs on ${ARM64}`);
  const lacksOld = gpu || platforms.every((one) => one === ARM64);
  const names = (only ?? IMAGES.filter((name) => !lacksOld || name !== FOR_OLD)).map(imageName);
  if (lacksOld && names.includes(FOR_OLD)) throw new Error(`there is no ${FOR_OLD} for ${gpu ? 'GPUs' : ARM64}`);
  return names;
}

/** The command has everything in it: it is what jobs name. @param {string} project @param {ImageName} name @param {string} tag */
const publishedAs = (project, name, tag) => `${project}/bluewaters${name === 'cli' ? '' : `-${name}`}:${tag}`;

/**
 * @param {readonly ImageName[]} names
 * @param {{ project: string, tag: string, platform: Platform | undefined }} where
 * @returns {Image[]}
 */
function imagesOf(names, { project, tag, platform }) {
  const own = platform === undefined ? tag : `${tag}-${platform.replace('linux/', '')}`;
  return names
    .filter((name) => platform !== ARM64 || name !== FOR_OLD)
    .map((name) => ({
      ...{ name, ...(platform && { platform }) },
      built: `bluewaters/${name}:${own}`,
      published: publishedAs(project, name, own),
    }));
}

/** @param {ImageName} name @param {readonly Image[]} images @param {string} published @returns {List} */
function listOf(name, images, published) {
  const of = images.filter((image) => image.name === name).map((image) => image.published);
  return { name, published, of };
}

/** @param {string} text @returns {Platform} */
function platformOf(text) {
  const platform = PLATFORMS.find((one) => one === text);
  if (platform === undefined) throw new Error(`there is no platform ${text}; there are ${PLATFORMS.join(', ')}`);
  return platform;
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
