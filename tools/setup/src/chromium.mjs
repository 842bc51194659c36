import { isProgram, onPath } from './process.mjs';

/** @typedef {import('./cache.mjs').Environment} Environment */

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/**
 * @param {Environment} env
 * @returns {string | undefined} The browser that BLUEWATERS_CHROMIUM names, else the first known one on PATH.
 */
export function findChromium(env) {
  const named = env.BLUEWATERS_CHROMIUM;
  if (named) return isProgram(named) ? named : undefined;
  return NAMES.map((name) => onPath(name, env)).find(Boolean);
}
