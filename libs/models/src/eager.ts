import { createRequire } from 'node:module';
import type * as tfjs from '@tensorflow/tfjs';

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
    const module = (await import('@tensorflow/tfjs-node-gpu')) as unknown as { default?: typeof tfjs };
    return module.default ?? (module as unknown as typeof tfjs);
  } catch {
    const tf = await import('@tensorflow/tfjs');
    await tf.setBackend('cpu');
    return tf;
  }
}

/** What tfjs calls of Node's `util` and Node.js 23 took away. */
function giveBack(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util['isArray'] ??= Array.isArray;
  util['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
}
