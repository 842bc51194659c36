/** The Docker engine, asked over its own HTTP interface: no `docker` program is needed. */
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';

/** @typedef {import('./cache.mjs').Environment} Environment */
/** @typedef {{ socketPath: string } | { host: string, port: string }} Address */

const ANSWER_TIMEOUT_MS = 5_000;
const PULL_TIMEOUT_MS = 300_000;
/** The label of what containers/stand-in-images.sh makes. */
const STAND_IN = 'bluewaters.stand-in';

/**
 * @param {Environment} env
 * @returns {Promise<string | undefined>} The version of the engine, undefined when none answers.
 */
export async function dockerVersion(env) {
  for (const address of addresses(env)) {
    const answer = await ask(address, 'GET', '/version', ANSWER_TIMEOUT_MS);
    if (answer?.status === 200) return JSON.parse(answer.body).Version;
  }
  return undefined;
}

/**
 * Looks for images, and pulls those that are not there.
 *
 * @param {Environment} env A variable of the images' names asks for another one in its place.
 * @param {Readonly<Record<string, string>>} images By variable: `name:tag@sha256:digest`.
 * @returns {Promise<Environment | undefined>} By variable what the images are called here; undefined when no engine
 *   answers, or when one of them is neither there nor to be had.
 */
export async function findImages(env, images) {
  for (const address of addresses(env)) {
    const answer = await ask(address, 'GET', '/_ping', ANSWER_TIMEOUT_MS);
    if (answer?.status !== 200) continue;
    const found = await Promise.all(
      Object.entries(images).map(async ([variable, image]) => [
        variable,
        await nameHere(address, env[variable] ?? image),
      ]),
    );
    return found.every(([, name]) => name !== undefined) ? Object.fromEntries(found) : undefined;
  }
  return undefined;
}

/**
 * @param {Address} address
 * @param {string} image
 * @returns {Promise<string | undefined>} The same; for a stand-in, which has no digest, the name without it.
 */
async function nameHere(address, image) {
  if (await inspect(address, image)) return image;
  const [withoutDigest = image] = image.split('@');
  if ((await inspect(address, withoutDigest))?.Config?.Labels?.[STAND_IN]) return withoutDigest;
  // The answer to a pull is 200 even when it fails later: only a look tells.
  await ask(address, 'POST', `/images/create?fromImage=${encodeURIComponent(image)}`, PULL_TIMEOUT_MS);
  return (await inspect(address, image)) ? image : undefined;
}

/**
 * @param {Address} address
 * @param {string} image
 * @returns {Promise<{ Config?: { Labels?: Readonly<Record<string, string>> | null } } | undefined>}
 */
async function inspect(address, image) {
  const answer = await ask(address, 'GET', `/images/${encodeURIComponent(image)}/json`, ANSWER_TIMEOUT_MS);
  return answer?.status === 200 ? JSON.parse(answer.body) : undefined;
}

/**
 * @param {Environment} env
 * @returns {Address[]} Where an engine may listen: DOCKER_HOST alone where it is set.
 */
export function addresses(env) {
  if (env.DOCKER_HOST) {
    const url = new URL(env.DOCKER_HOST);
    if (url.protocol === 'unix:') return [{ socketPath: url.pathname }];
    return url.protocol === 'tcp:' ? [{ host: url.hostname, port: url.port || '2375' }] : [];
  }
  const rootless = env.XDG_RUNTIME_DIR ? [join(env.XDG_RUNTIME_DIR, 'docker.sock')] : [];
  return ['/var/run/docker.sock', ...rootless].filter((path) => existsSync(path)).map((socketPath) => ({ socketPath }));
}

/**
 * @param {Address} address
 * @param {string} method
 * @param {string} path
 * @param {number} timeoutMs
 * @returns {Promise<{ status: number, body: string } | undefined>} Undefined when there is no answer in time.
 */
function ask(address, method, path, timeoutMs) {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const request = http.request({ ...address, method, path, signal }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text) => (body += text));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
      answer.on('error', () => resolve(undefined));
    });
    request.on('error', () => resolve(undefined)).end();
  });
}

/**
 * @param {string} root The repository.
 * @returns {Readonly<Record<string, string>>} The images that tests start, by variable, as libs/testing names them.
 */
export function testImages(root) {
  const source = readFileSync(join(root, 'libs/testing/src/images.ts'), 'utf8');
  return Object.fromEntries(Array.from(source.matchAll(/^ +(\w+_IMAGE):\s+'([^']+)',$/gm), ([, ...pair]) => pair));
}
