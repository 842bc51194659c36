import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { liveHandles, Tensor, type DType, type ElementValues } from './index.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const coded = (code: string) => expect.objectContaining({ code });

describe('Tensor', () => {
  it.each<[DType, ElementValues]>([
    ['float32', Float32Array.of(0.5, -1, Infinity, 3)],
    ['float64', Float64Array.of(0.1, -1, 1e300, 3)],
    ['int32', Int32Array.of(1, -2, 2 ** 31 - 1, 0)],
    ['int64', BigInt64Array.of(1n, -(2n ** 63n), 2n ** 62n, 0n)],
    ['uint8', Uint8Array.of(0, 1, 128, 255)],
    ['int8', Int8Array.of(0, -128, 127, 1)],
    ['uint16', Uint16Array.of(0, 65535, 1, 2)],
    ['uint64', BigUint64Array.of(0n, 2n ** 64n - 1n, 1n, 2n)],
    ['bfloat16', Uint16Array.of(0, 0x3f80, 1, 2)],
    ['float16', Uint16Array.of(0, 0x3c00, 0xffff, 2)],
    ['int16', Int16Array.of(0, -32768, 32767, 1)],
    ['uint32', Uint32Array.of(0, 2 ** 32 - 1, 1, 2)],
    ['bool', Uint8Array.of(1, 0, 0, 1)],
    ['complex64', Float32Array.of(1, -1, 2, -2, 3, -3, 4, -4)],
    ['complex128', Float64Array.of(1, -1, 2, -2, 3, -3, 4, 0.1)],
    ['qint8', Int8Array.of(0, -128, 127, 1)],
    ['quint8', Uint8Array.of(0, 255, 127, 1)],
    ['qint16', Int16Array.of(0, -128, 127, 1)],
    ['quint16', Uint16Array.of(0, 255, 127, 1)],
    ['qint32', Int32Array.of(0, -128, 127, 1)],
    ['float8_e5m2', Uint8Array.of(0, 255, 127, 1)],
    ['float8_e4m3fn', Uint8Array.of(0, 255, 127, 1)],
    ['int4', Int8Array.of(0, -8, 7, 1)],
    ['uint4', Uint8Array.of(0, 15, 7, 1)],
  ])('gives back the %s values that it was made of', (dtype, values) => {
    using tensor = Tensor.of(dtype, [2, 2], values);
    expect(tensor.shape).toEqual([2, 2]);
    expect(tensor.dtype).toBe(dtype);
    expect(tensor.values()).toEqual(values);
    expect(tensor.view()).toEqual(values);
  });

  it.each<DType>(['float16', 'bfloat16'])('takes numbers for %s and gives them back', (dtype) => {
    const numbers = [0, -0, 1, -1.5, 0.15625, 2 ** -14, Infinity, -Infinity, NaN];
    using tensor = Tensor.of(dtype, [numbers.length], numbers);
    using single = Tensor.scalar(dtype, -2.5);
    expect(tensor.numbers()).toEqual(numbers);
    expect(single.number()).toBe(-2.5);
  });

  it('takes lists, and typed arrays of another kind, as numbers', () => {
    using fromList = Tensor.of('int64', [3], [1, 2n, 3]);
    using fromArray = Tensor.of('float32', [2], Uint8Array.of(7, 8));
    using flags = Tensor.of('bool', [2], [true, false]);
    expect(fromList.values('int64')).toEqual(BigInt64Array.of(1n, 2n, 3n));
    expect(fromArray.values('float32')).toEqual(Float32Array.of(7, 8));
    expect(flags.values()).toEqual(Uint8Array.of(1, 0));
  });

  it('copies out: changing what it gave changes nothing', () => {
    using tensor = Tensor.of('int32', [1], [5]);
    tensor.values('int32')[0] = 6;
    expect(tensor.number()).toBe(5);
  });

  it('shows its memory: what is written to the view is what it holds', () => {
    using tensor = Tensor.allocate('float32', [2, 3]);
    const view = tensor.view('float32');
    view.set([1, 2, 3, 4, 5, 6]);
    expect(tensor.values()).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    expect(tensor.view()).toBe(view);
    using empty = Tensor.allocate('int64', [0, 4]);
    expect(empty.view()).toEqual(new BigInt64Array());
  });

  it('keeps its memory for a view that outlives it, until the view is garbage', async () => {
    const collected = () =>
      vi.waitFor(() => {
        collectGarbage();
        expect(liveHandles().tensor).toBe(0);
      });
    await collected();
    const outlived = () => {
      const tensor = Tensor.of('int32', [1000], new Int32Array(1000).fill(7));
      const view = tensor.view('int32');
      tensor[Symbol.dispose]();
      expect(() => tensor.view()).toThrowError(coded('HANDLE_DISPOSED'));
      return view.every((value) => value === 7) && liveHandles().tensor;
    };
    expect(outlived()).toBe(1);
    await collected();
  });

  it.each<DType>(['string', 'resource', 'variant'])('of %s has no plain memory to show', (dtype) => {
    expect(() => Tensor.allocate(dtype, [1])).toThrowError(coded('CONFIG_INVALID'));
  });

  it('keeps short, long, empty and binary strings as they are', () => {
    const strings = ['', 'short', 'x'.repeat(100_000), 'ümlaut'].map((text) => Buffer.from(text));
    using tensor = Tensor.of('string', [5], [...strings, Uint8Array.of(0, 255, 0)]);
    expect(tensor.strings()).toEqual([...strings, Buffer.from([0, 255, 0])]);
  });

  it('holds no elements when a length is zero', () => {
    using numbers = Tensor.of('float32', [0, 3], []);
    using strings = Tensor.of('string', [0], []);
    expect(numbers.values()).toEqual(new Float32Array());
    expect(strings.strings()).toEqual([]);
  });

  it('refuses another number of values than its shape holds, and says both', () => {
    expect(() => Tensor.of('float32', [2, 3], [1, 2])).toThrow(/expected \[2,3\], got 2 values/);
  });

  it('refuses to be read as what it is not', () => {
    using numbers = Tensor.of('float32', [2], [1, 2]);
    expect(() => numbers.values('int32')).toThrowError(coded('CONFIG_INVALID'));
    expect(() => numbers.strings()).toThrowError(coded('CONFIG_INVALID'));
    expect(() => numbers.number()).toThrowError(coded('CONFIG_INVALID'));
  });

  it('is of no use after it was given back, and may be given back twice', () => {
    const before = liveHandles();
    const tensor = Tensor.scalar('float32', 1);
    expect(liveHandles().tensor).toBe(before.tensor + 1);
    tensor[Symbol.dispose]();
    tensor[Symbol.dispose]();
    expect(liveHandles()).toEqual(before);
    expect(() => tensor.values()).toThrowError(coded('HANDLE_DISPOSED'));
  });
});
