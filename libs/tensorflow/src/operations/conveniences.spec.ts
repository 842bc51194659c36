import { describe, expect, it } from 'vitest';
import * as tf from '../index.js';

/** Shape and elements of an output of a graph that holds constants only. */
async function computed(
  build: (scope: tf.Scope) => tf.Output,
): Promise<{ shape: readonly number[]; values: number[] }> {
  using graph = new tf.Graph();
  const output = build(graph.scope());
  using session = new tf.Session(graph);
  const [tensor] = await session.run({ fetches: [output] });
  using fetched = tensor!;
  return { shape: fetched.shape, values: Array.from(fetched.values() as ArrayLike<number>, Number) };
}

/** float32: 0, 1, 2, … in a shape. */
function counted(scope: tf.Scope, shape: readonly number[]): tf.Output<'float32'> {
  const count = shape.reduce((product, length) => product * length, 1);
  return scope.constant(
    Float32Array.from({ length: count }, (_, i) => i),
    { shape },
  );
}

type Row = readonly [
  name: string,
  build: (scope: tf.Scope) => tf.Output,
  shape: readonly number[],
  values: readonly number[],
];

const matrix = (scope: tf.Scope) => counted(scope, [2, 3]); // 0 1 2 | 3 4 5

const REARRANGED: readonly Row[] = [
  ['reverse', (s) => tf.reverse(s, matrix(s), [1]), [2, 3], [2, 1, 0, 5, 4, 3]],
  ['tile', (s) => tf.tile(s, matrix(s), [1, 2]), [2, 6], [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]],
  ['pad with zeros', (s) => tf.pad(s, counted(s, [3]), [[1, 2]]), [6], [0, 0, 1, 2, 0, 0]],
  ['pad by reflection', (s) => tf.pad(s, counted(s, [3]), [[0, 2]], { mode: 'reflect' }), [5], [0, 1, 2, 1, 0]],
  ['pad by symmetry', (s) => tf.pad(s, counted(s, [3]), [[0, 2]], { mode: 'symmetric' }), [5], [0, 1, 2, 2, 1]],
  ['split in equal parts', (s) => tf.split(s, matrix(s), 3, { axis: 1 })[1]!, [2, 1], [1, 4]],
  ['split by lengths', (s) => tf.split(s, matrix(s), [1, -1], { axis: 1 })[1]!, [2, 2], [1, 2, 4, 5]],
  ['unstack', (s) => tf.unstack(s, matrix(s), { axis: -1 })[2]!, [2], [2, 5]],
  ['pack what was unstacked', (s) => tf.pack(s, tf.unstack(s, matrix(s))), [2, 3], [0, 1, 2, 3, 4, 5]],
  ['stridedSlice', (s) => tf.stridedSlice(s, matrix(s), { start: [0, 0], end: [1, 3], step: [1, 2] }), [1, 2], [0, 2]],
  [
    'stridedSlice, open and backwards',
    (s) => tf.stridedSlice(s, matrix(s), { start: [null, null], end: [-1, null], step: [1, -1] }),
    [1, 3],
    [2, 1, 0],
  ],
];

const FILLED: readonly Row[] = [
  ['fill with a number', (s) => tf.fill(s, [2, 2], 7), [2, 2], [7, 7, 7, 7]],
  ['fill a shape of run time', (s) => tf.fill(s, tf.shape(s, matrix(s)), s.constant(1n)), [2, 3], [1, 1, 1, 1, 1, 1]],
  ['zerosLike', (s) => tf.zerosLike(s, counted(s, [2])), [2], [0, 0]],
  ['onesLike', (s) => tf.onesLike(s, counted(s, [2])), [2], [1, 1]],
  ['range', (s) => tf.range(s, { limit: 3 }), [3], [0, 1, 2]],
  [
    'range of floats',
    (s) => tf.range(s, { start: 1, limit: 2, delta: 0.25, dtype: 'float32' }),
    [4],
    [1, 1.25, 1.5, 1.75],
  ],
  ['range of run time', (s) => tf.range(s, { start: 5, limit: s.constant(3n), delta: -1 }), [2], [5, 4]],
];

const REDUCED: readonly Row[] = [
  ['prod', (s) => tf.prod(s, matrix(s), { axes: [1] }), [2], [0, 60]],
  ['min', (s) => tf.min(s, matrix(s), { axes: [0] }), [3], [0, 1, 2]],
  ['any', (s) => tf.any(s, tf.greater(s, matrix(s), 2), { axes: [1] }), [2], [0, 1]],
  ['norm', (s) => tf.norm(s, s.constant([3, 4]), { keepDims: true }), [1], [5]],
  ['logSumExp', (s) => tf.logSumExp(s, s.constant([1000, 1000])), [], [1000 + Math.log(2)]],
  [
    'logSumExp over an axis',
    (s) => tf.logSumExp(s, s.constant([[0], [1]]), { axes: [0] }),
    [1],
    [Math.log(1 + Math.E)],
  ],
  ['logSumExp of nothing likely', (s) => tf.logSumExp(s, s.constant([-Infinity, -Infinity])), [], [-Infinity]],
  ['cumsum', (s) => tf.cumsum(s, matrix(s), { axis: 1 }), [2, 3], [0, 1, 3, 3, 7, 12]],
  ['cumsum from behind', (s) => tf.cumsum(s, counted(s, [3]), { exclusive: true, reverse: true }), [3], [3, 2, 0]],
];

const picture = (scope: tf.Scope) => counted(scope, [1, 2, 2, 1]); // 0 1 | 2 3

const PICTURES: readonly Row[] = [
  ['spaceToDepth', (s) => tf.spaceToDepth(s, picture(s), 2), [1, 1, 1, 4], [0, 1, 2, 3]],
  ['depthToSpace', (s) => tf.depthToSpace(s, tf.spaceToDepth(s, picture(s), 2), 2), [1, 2, 2, 1], [0, 1, 2, 3]],
  ['resizeNearest', (s) => tf.resizeNearest(s, counted(s, [1, 2, 1]), [2, 4]), [2, 4, 1], [0, 0, 1, 1, 0, 0, 1, 1]],
  [
    'depthwiseConv2d',
    (s) =>
      tf.depthwiseConv2d(
        s,
        counted(s, [1, 1, 2, 2]),
        s.constant([
          [
            [
              [1, 10],
              [2, 20],
            ],
          ],
        ]),
      ),
    [1, 1, 2, 4],
    [0, 0, 2, 20, 2, 20, 6, 60],
  ],
  [
    'conv2dTranspose',
    (s) => tf.conv2dTranspose(s, picture(s), s.constant([[[[1]], [[10]]]]), { size: [2, 4], strides: [1, 2] }),
    [1, 2, 4, 1],
    [0, 0, 1, 10, 2, 20, 3, 30],
  ],
];

it.each([...REARRANGED, ...FILLED, ...REDUCED, ...PICTURES])('%s', async (_name, build, shape, values) => {
  const result = await computed(build);
  expect(result.shape).toEqual(shape);
  expect(result.values.map(Math.fround)).toEqual(values.map(Math.fround));
});

describe('conv2dTranspose', () => {
  it('is the gradient of the convolution', async () => {
    const options = { strides: [2, 2], padding: 'VALID' } as const;
    const filterOf = (scope: tf.Scope) => counted(scope, [3, 3, 2, 3]);
    const upstream = (scope: tf.Scope) => counted(scope, [2, 2, 3, 3]);
    const derived = await computed((scope) => {
      const x = tf.fill(scope, [2, 5, 7, 2], 0);
      const y = tf.conv2d(scope, x, filterOf(scope), options);
      return tf.gradients(scope, [tf.mul(scope, y, upstream(scope))], [x])[0]!;
    });
    const transposed = await computed((scope) =>
      tf.conv2dTranspose(scope, upstream(scope), filterOf(scope), { ...options, size: [5, 7] }),
    );
    expect(transposed).toEqual(derived);
    expect(transposed.shape).toEqual([2, 5, 7, 2]);
  });

  it('has a known shape but for the batch, in either data format', () => {
    using graph = new tf.Graph();
    const scope = graph.scope();
    const filter = scope.placeholder('float32', [3, 3, 5, 2]);
    const options = { size: [8, 6], strides: [2, 2], dataFormat: 'NCHW' } as const;
    const made = tf.conv2dTranspose(scope, scope.placeholder('float32', [null, 2, 4, 3]), filter, options);
    expect(made.shape).toEqual([null, 5, 8, 6]);
  });

  it('says which length must be known', () => {
    using graph = new tf.Graph();
    const scope = graph.scope();
    const [x, filter] = [scope.placeholder('float32', [1, 2, 2, 1]), scope.placeholder('float32', undefined)];
    expect(() => tf.conv2dTranspose(scope, x, filter, { size: [4, 4] })).toThrow(/number of output channels/);
    expect(() => tf.unstack(scope, filter)).toThrow(/length of axis 0/);
  });
});

describe("a name of ''", () => {
  it("is the scope's own, for an operation and for those whose constants are in the scope of their name", () => {
    using graph = new tf.Graph();
    const scope = graph.scope().child('layer');
    const x = scope.placeholder('float32', [4], { name: 'x' });
    expect(tf.relu(scope.child('active'), x, { name: '' }).name).toBe('layer/active:0');
    const reshaped = tf.reshape(scope, x, [2, 2], { name: '' });
    expect(reshaped.name).toBe('layer:0');
    expect(reshaped.operation.input(1).name).toBe('layer/shape:0');
  });
});
