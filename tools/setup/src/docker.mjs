/** The Docker engine, asked over its own HTTP interface: no `docker` program is needed. */
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';

/** @typedef {import('./cache.mjs').Environment} Environment */
/** @typedef {{ socketPath: string } | { host: string, port: string }} Address */

const ANSWER_TIMEOUT_MS = 5_000;
const PULL_TIMEOUT_MS = 300_000;

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
 * @param {Environment} env
 * @param {readonly string[]} images
 * @returns {Promise<boolean>} Whether an engine answers and has all the images, or could pull them.
 */
export async function hasImages(env, images) {
  for (const address of addresses(env)) {
    const answer = await ask(address, 'GET', '/_ping', ANSWER_TIMEOUT_MS);
    if (answer?.status === 200)
      return (await Promise.all(images.map((image) => hasImage(address, image)))).every(Boolean);
  }
  return false;
}

/**
 * @param {Address} address
 * @param {string} image
 * @returns {Promise<boolean>}
 */
async function hasImage(address, image) {
  const path = `/images/${encodeURIComponent(image)}/json`;
  if ((await ask(address, 'GET', path, ANSWER_TIMEOUT_MS))?.status === 200) return true;
  // The answer to a pull is 200 even when it fails later: only a look tells.
  await ask(address, 'POST', `/images/create?fromImage=${encodeURIComponent(image)}`, PULL_TIMEOUT_MS);
  return (await ask(address, 'GET', path, ANSWER_TIMEOUT_MS))?.status === 200;
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
 * @returns {string[]} The images that tests start, as libs/testing names them.
 */
export function testImages(root) {
  const source = readFileSync(join(root, 'libs/testing/src/images.ts'), 'utf8');
  return [...source.matchAll(/^export const \w+_IMAGE = '([^']+)';$/gm)].map((match) => match[1] ?? '');
}
