import { createRequire } from 'node:module';
import type * as tfjs from '@tensorflow/tfjs';

/** An `import` would read all of it once more for the names that it exports: a third of a second of the processor. */
const require = createRequire(import.meta.url);

let loading: Promise<typeof tfjs> | undefined;

/**
 * tfjs for eager arithmetic: on libtensorflow when set-up has built its addon, else on its JavaScript engine, slower but
 * with the same results. Loaded at the first call, since it takes a second.
 */
export function eager(): Promise<typeof tfjs> {
  loading ??= load();
  return loading;
}

async function load(): Promise<typeof tfjs> {
  giveBack();
  try {
    return require('@tensorflow/tfjs-node-gpu') as typeof tfjs;
  } catch {
    const tf = require('@tensorflow/tfjs') as typeof tfjs;
    await tf.setBackend('cpu');
    return tf;
  }
}

/** What tfjs calls of Node's `util` and Node.js 23 took away. */
function giveBack(): void {
  const util = require('node:util') as Record<string, unknown>;
  util['isArray'] ??= Array.isArray;
  util['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
}
