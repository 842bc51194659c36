/** Arithmetic and rearrangements whose gradients are checked. */
import {
  addN,
  clipByValue,
  concat,
  dropout,
  expandDims,
  gather,
  max,
  maximum,
  mean,
  minimum,
  mul,
  pack,
  relu,
  reshape,
  resizeBilinear,
  slice,
  squeeze,
  sum,
  transpose,
} from '../index.js';
import { IMAGE, ints, MATRIX, op, reduced, shaped, type GradientCase } from './case.fixture.js';

const ELEMENTWISE: readonly GradientCase[] = [
  ...['Relu', 'Relu6', 'LeakyRelu', 'Elu', 'Selu', 'Softplus', 'Softsign', 'Sigmoid', 'Tanh', 'Exp', 'Square', 'Abs'],
  ...['Neg', 'Sin', 'Cos', 'Expm1', 'Erf', 'Identity', 'Softmax', 'LogSoftmax'],
]
  .map((type): GradientCase => ({ name: type, shapes: [MATRIX], f: op(type) }))
  .concat(
    ['Log', 'Log1p', 'Sqrt', 'Rsqrt', 'Reciprocal'].map((type) => ({
      name: type,
      shapes: [MATRIX],
      values: 'positive',
      f: op(type),
    })),
    ['AddV2', 'Sub', 'Mul', 'RealDiv', 'Pow', 'SquaredDifference', 'Maximum', 'Minimum'].flatMap((type) => [
      { name: `${type}, y broadcast`, shapes: [MATRIX, [4]], values: 'positive', f: op(type) },
      { name: `${type}, x broadcast`, shapes: [[3, 1], MATRIX], values: 'positive', f: op(type) },
    ]),
    [
      { name: 'swish', shapes: [MATRIX], f: (s, [x]) => mul(s, x!, s.op('Sigmoid', { inputs: [x!] }).output()) },
      { name: 'ClipByValue', shapes: [MATRIX], f: (s, [x]) => clipByValue(s, x!, [-0.31, 0.22]) },
      {
        name: 'maximum and minimum of numbers',
        shapes: [MATRIX],
        f: (s, [x]) => minimum(s, maximum(s, x!, -0.2), 0.3),
      },
      { name: 'AddN', shapes: [MATRIX, MATRIX, MATRIX], f: (s, xs) => addN(s, xs) },
      {
        name: 'SelectV2',
        shapes: [MATRIX, [4]],
        f: (s, xs) => s.op('SelectV2', { inputs: [s.constant([[true], [false], [true]]), ...xs] }).output(),
      },
      {
        name: 'dropout',
        shapes: [MATRIX],
        f: (s, [x]) => dropout(s, x!, { rate: 0.4, seed: s.constant([3n, 4n]) }),
      },
      { name: 'relu', shapes: [MATRIX], f: (s, [x]) => relu(s, x!) },
    ],
  );

const REDUCTIONS: readonly GradientCase[] = [
  { name: 'Mean over all', shapes: [MATRIX], f: (s, [x]) => mean(s, x!) },
  { name: 'Mean over some axes', shapes: [IMAGE], f: (s, [x]) => mean(s, x!, { axes: [1, 2] }) },
  { name: 'Sum over some axes', shapes: [IMAGE], f: (s, [x]) => sum(s, x!, { axes: [0, 2], keepDims: true }) },
  { name: 'Max', shapes: [MATRIX], f: (s, [x]) => max(s, x!, { axes: [1] }) },
  { name: 'Min', shapes: [MATRIX], f: reduced('Min', [0], true) },
  { name: 'Prod', shapes: [MATRIX], values: 'positive', f: reduced('Prod', [1]) },
];

const ARRAYS: readonly GradientCase[] = [
  {
    name: 'ConcatV2',
    shapes: [
      [2, 3, 2],
      [2, 1, 2],
    ],
    f: (s, xs) => concat(s, xs, 1),
  },
  { name: 'Pack', shapes: [MATRIX, MATRIX], f: (s, xs) => pack(s, xs, { axis: 1 }) },
  {
    name: 'Split, one part of it',
    shapes: [MATRIX],
    f: (s, [x]) =>
      s.op('Split', { inputs: [s.constant(1, { dtype: 'int32' }), x!], attributes: { num_split: 2 } }).output(1),
  },
  { name: 'Slice', shapes: [MATRIX], f: (s, [x]) => slice(s, x!, { begin: [1, 0], size: [2, 3] }) },
  { name: 'StridedSlice', shapes: [MATRIX], f: shaped('StridedSlice', [0, 3], [3, 0], [2, -1]) },
  { name: 'Reshape', shapes: [MATRIX], f: (s, [x]) => reshape(s, x!, [2, -1]) },
  { name: 'Transpose', shapes: [IMAGE], f: (s, [x]) => transpose(s, x!, [0, 3, 1, 2]) },
  { name: 'Squeeze', shapes: [[2, 1, 3]], f: (s, [x]) => squeeze(s, x!, [1]) },
  { name: 'ExpandDims', shapes: [MATRIX], f: (s, [x]) => expandDims(s, x!, 1) },
  { name: 'GatherV2', shapes: [MATRIX], f: (s, [x]) => gather(s, x!, ints(s, [2, 0, 2])) },
  { name: 'Tile', shapes: [MATRIX], f: shaped('Tile', [2, 3]) },
  { name: 'BroadcastTo', shapes: [[1, 4]], f: shaped('BroadcastTo', [3, 4]) },
  { name: 'ReverseV2', shapes: [MATRIX], f: shaped('ReverseV2', [1]) },
  { name: 'SpaceToDepth', shapes: [[1, 4, 4, 2]], f: op('SpaceToDepth', { block_size: 2 }) },
  { name: 'DepthToSpace', shapes: [[1, 2, 2, 8]], f: op('DepthToSpace', { block_size: 2 }) },
  ...(['REFLECT', 'SYMMETRIC'] as const).map(
    (mode): GradientCase => ({
      name: `MirrorPad, ${mode.toLowerCase()}`,
      shapes: [MATRIX],
      f: (s, [x]) => {
        const margins = s.constant(Int32Array.of(1, 2, 0, 1), { shape: [2, 2] });
        return s.op('MirrorPad', { inputs: [x!, margins], attributes: { mode } }).output();
      },
    }),
  ),
  {
    name: 'Pad',
    shapes: [MATRIX],
    f: (s, [x]) => s.op('Pad', { inputs: [x!, s.constant(Int32Array.of(1, 2, 0, 1), { shape: [2, 2] })] }).output(),
  },
];

/** Resizing gives float32 from any dtype: half a pixel's weights are exact in it, so the same serves as reference. */
const PICTURES: readonly GradientCase[] = [
  { name: 'ResizeBilinear, larger', shapes: [[1, 2, 3, 2]], f: (s, [x]) => resizeBilinear(s, x!, [4, 6]) },
  { name: 'ResizeBilinear, smaller', shapes: [[1, 6, 4, 2]], f: (s, [x]) => resizeBilinear(s, x!, [3, 2]) },
];

/** Everything between layers. */
export const ARRAY_CASES: readonly GradientCase[] = [...ELEMENTWISE, ...REDUCTIONS, ...ARRAYS, ...PICTURES];
