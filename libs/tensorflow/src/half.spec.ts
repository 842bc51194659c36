import { describe, expect, it } from 'vitest';
import { cast, Graph, Session, Tensor } from './index.js';
import { fromHalfBits, toHalfBits, type HalfDType } from './half.js';

/** Values around every kind of edge: ties, the smallest normal and subnormal values, overflow. */
const EDGES = [
  1 + 2 ** -11,
  1 + 3 * 2 ** -11,
  1 + 2 ** -8,
  1 + 3 * 2 ** -8,
  2 ** -14,
  2 ** -24,
  2 ** -25,
  65504,
  65519,
  65520,
];
const numbers = [...EDGES, 0, Infinity, 3.4e38, 1e-40, 2 ** -133]
  .flatMap((value) => [value, -value])
  .concat(Array.from({ length: 500 }, (_, i) => Math.fround(Math.sin(i) * 10 ** ((i % 20) - 10))));

describe.each<HalfDType>(['float16', 'bfloat16'])('%s', (dtype) => {
  it('rounds as TensorFlow casts', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.placeholder('float32', [null]);
    using session = new Session(graph);
    using fed = Tensor.of('float32', [numbers.length], numbers);
    using result = (await session.run({ feeds: [[x, fed]], fetches: [cast(scope, x, dtype)] }))[0]!;
    const asFloats = fed.numbers();
    expect(asFloats.map((value) => toHalfBits(dtype, value))).toEqual([...result.values(dtype)]);
  });

  it('gives every one of its 65,536 values back', () => {
    const all = Array.from({ length: 0x10000 }, (_, bits) => bits);
    const back = all.map((bits) => toHalfBits(dtype, fromHalfBits(dtype, bits)));
    const changed = all.filter((bits) => back[bits] !== bits);
    expect(changed.every((bits) => Number.isNaN(fromHalfBits(dtype, bits)))).toBe(true);
  });
});
