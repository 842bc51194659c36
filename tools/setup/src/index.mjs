/** What other packages may use of set-up. */
export { probeEnvironment } from './probe.mjs';
export { onPath } from './process.mjs';
export { cpuFeatures } from './requirements.mjs';

/** @typedef {import('./probe.mjs').Finding} Finding One thing that was looked for on this machine. */
