import { readFileSync } from 'node:fs';
import { capture } from './process.mjs';
import { SetupError } from './say.mjs';

/**
 * What decides whether this machine can run Blue Waters ML at all.
 *
 * @typedef {object} Machine
 * @property {string} nodeVersion As `process.versions.node`.
 * @property {string} platform As `process.platform`.
 * @property {string} arch As `process.arch`.
 * @property {string | undefined} glibc Version of the C library, undefined where it is another one.
 * @property {readonly string[]} cpuFeatures Flags as Linux names them.
 */

/** @returns {Promise<Machine>} This machine. */
export async function thisMachine() {
  const { output } = await capture('getconf', ['GNU_LIBC_VERSION']);
  return {
    nodeVersion: process.versions.node,
    platform: process.platform,
    arch: process.arch,
    glibc: /glibc (\S+)/.exec(output)?.[1],
    cpuFeatures: cpuFeatures(),
  };
}

/** @returns {readonly string[]} The flags of the first CPU, as Linux names them; empty where there is no Linux. */
export function cpuFeatures() {
  try {
    const line = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'));
    return line?.[1]?.trim().split(/\s+/) ?? [];
  } catch {
    return [];
  }
}

/** What sharp is made for, of all that runs. */
export const OLDEST_NODE = '20.9';

/**
 * @param {Machine} machine
 * @throws {SetupError} When something is missing that no package can bring.
 */
export function requireMachine(machine) {
  if (!atLeast(machine.nodeVersion, OLDEST_NODE)) {
    throw new SetupError(
      `Node.js ${OLDEST_NODE} or newer is needed, this is ${machine.nodeVersion}.`,
      'Install it from nodejs.org, or as an ordinary user with `nvm install 20`.',
    );
  }
  if (machine.platform !== 'linux' || !['x64', 'arm64'].includes(machine.arch)) {
    throw new SetupError(
      `Linux on x64 or arm64 is needed, this is ${machine.platform} on ${machine.arch}.`,
      'Use the container images, or a Linux machine of either.',
    );
  }
  if (machine.glibc === undefined || !atLeast(machine.glibc, '2.17')) {
    throw new SetupError(
      `glibc 2.17 or newer is needed, this system has ${machine.glibc ?? 'another C library'}.`,
      'Use the container images, or a distribution such as Debian, Ubuntu or Rocky.',
    );
  }
  if (machine.arch === 'x64' && !machine.cpuFeatures.includes('avx')) {
    throw new SetupError('A CPU with AVX is needed: TensorFlow is built for it.', 'Use a machine made since 2011.');
  }
}

/**
 * @param {string} version Numbers with dots, such as 20.11.1.
 * @param {string} least The same; missing parts count as 0.
 * @returns {boolean} Whether `version` is `least` or newer.
 */
export function atLeast(version, least) {
  const have = version.split('.').map(Number);
  const want = least.split('.').map(Number);
  const differs = want.findIndex((number, part) => number !== (have[part] ?? 0));
  return differs === -1 || (have[differs] ?? 0) > (want[differs] ?? 0);
}
