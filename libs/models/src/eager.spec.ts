import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { tensorflowVersion } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { eager } from './index.js';

const tfjsNode = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json'));
const hasAddon = existsSync(join(tfjsNode, 'lib/napi-v8/tfjs_binding.node'));

/** Files of TensorFlow's library that this process has mapped. */
function mappedLibraries(): string[] {
  const maps = readFileSync('/proc/self/maps', 'utf8');
  return [...new Set([...maps.matchAll(/\S*libtensorflow(?:_cc)?\.so\S*/gu)].map(([path]) => path))];
}

describe('eager arithmetic', () => {
  it.skipIf(!hasAddon)(
    'runs on the very library that graphs run on [needs a C++ compiler at set-up, for the tfjs addon]',
    async () => {
      expect(tensorflowVersion()).toMatch(/^\d+\.\d+/u);
      const tf = await eager();
      expect(tf.getBackend()).toBe('tensorflow');
      const sum = tf.tidy(() => tf.sum(tf.tensor1d([1, 2, 3])).arraySync());
      expect(sum).toBe(6);
      expect(mappedLibraries()).toHaveLength(1);
    },
  );
});
