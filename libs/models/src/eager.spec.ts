import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  fromTfjs,
  listDevices,
  liveHandles,
  Tensor,
  tensorflowVersion,
  toTfjs,
  type DType,
  type ElementValues,
} from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { eager } from './index.js';

const tfjsNode = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json'));
const hasAddon = existsSync(join(tfjsNode, 'lib/napi-v8/tfjs_binding.node'));
const NEEDS_ADDON = '[needs a C++ compiler at set-up, for the tfjs addon]';

/** What tfjs-node keeps of TensorFlow, which its types do not show. */
interface NodeBackend {
  readonly binding: { readonly TF_Version: string };
  readonly isUsingGpuDevice: boolean;
}

/** Files of TensorFlow's library that this process has mapped. */
function mappedLibraries(): string[] {
  const maps = readFileSync('/proc/self/maps', 'utf8');
  return [...new Set([...maps.matchAll(/\S*libtensorflow(?:_cc)?\.so\S*/gu)].map(([path]) => path))];
}

describe('eager arithmetic', () => {
  it.skipIf(!hasAddon)(`runs on the very library that graphs run on ${NEEDS_ADDON}`, async () => {
    expect(tensorflowVersion()).toMatch(/^\d+\.\d+/u);
    const tf = await eager();
    expect(tf.getBackend()).toBe('tensorflow');
    const sum = tf.tidy(() => tf.sum(tf.tensor1d([1, 2, 3])).arraySync());
    expect(sum).toBe(6);
    expect(mappedLibraries()).toHaveLength(1);
  });

  it.skipIf(!hasAddon)(`reports the version and the kind of devices that graphs do ${NEEDS_ADDON}`, async () => {
    const tf = await eager();
    await tf.ready();
    const { binding, isUsingGpuDevice } = tf.backend() as unknown as NodeBackend;
    expect(binding.TF_Version).toBe(tensorflowVersion());
    expect(isUsingGpuDevice).toBe(listDevices().some(({ type }) => type === 'GPU'));
  });

  it.each<[DType, ElementValues]>([
    ['float32', Float32Array.of(0.5, -1, Infinity, 3e-9)],
    ['int32', Int32Array.of(1, -2, 2 ** 31 - 1, 0)],
    ['bool', Uint8Array.of(1, 0, 0, 1)],
  ])('takes a %s value and gives the same back, and leaves nothing behind', async (dtype, values) => {
    const tf = await eager();
    const [before, tensors] = [liveHandles(), tf.memory().numTensors];
    using given = Tensor.of(dtype, [2, 2], values);
    const held = toTfjs(tf, given);
    using back = await fromTfjs(held);
    held.dispose();
    expect([back.dtype, back.shape, back.values()]).toEqual([dtype, [2, 2], values]);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(liveHandles().tensor).toBe(before.tensor + 2);
  });

  it('takes the bytes of strings as they are', async () => {
    const tf = await eager();
    const strings = [Buffer.from('ümlaut'), Buffer.from([0, 255, 0, 128])];
    using given = Tensor.of('string', [2], strings);
    const held = toTfjs(tf, given);
    using back = await fromTfjs(held);
    held.dispose();
    expect(back.strings()).toEqual(strings);
  });

  it('gives a complex value as pairs', async () => {
    const tf = await eager();
    const complex = tf.complex([1, 3], [2, 4]);
    using taken = await fromTfjs(complex);
    complex.dispose();
    expect([taken.dtype, taken.values()]).toEqual(['complex64', Float32Array.of(1, 2, 3, 4)]);
  });

  it('holds what is smaller than its own dtypes, and refuses what is larger', async () => {
    const tf = await eager();
    using half = Tensor.of('bfloat16', [2], [1.5, -2]);
    using bytes = Tensor.of('uint8', [2], [7, 255]);
    using large = Tensor.of('int64', [1], [1n]);
    expect(Array.from(await toTfjs(tf, half).data())).toEqual([1.5, -2]);
    expect(Array.from(await toTfjs(tf, bytes).data())).toEqual([7, 255]);
    expect(() => toTfjs(tf, large)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
