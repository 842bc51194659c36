/** Layers and losses whose gradients are checked. */
import {
  add,
  avgPool,
  biasAdd,
  conv2d,
  div,
  fusedBatchNorm,
  l2Loss,
  lrn,
  matMul,
  maxPool,
  mean,
  mul,
  reshape,
  softmax,
  softmaxCrossEntropyLoss,
  sparseSoftmaxCrossEntropy,
  sqrt,
  square,
  sub,
} from '../index.js';
import { attributesOf, IMAGE, ints, MATRIX, op, type Differentiable, type GradientCase } from './case.fixture.js';

const CONVOLUTIONS: readonly GradientCase[] = [
  { name: 'Conv2D', shapes: [IMAGE, [3, 3, 2, 3]], f: (s, [x, w]) => conv2d(s, x!, w!) },
  { name: 'Conv2D of 1 by 1', shapes: [IMAGE, [1, 1, 2, 3]], f: (s, [x, w]) => conv2d(s, x!, w!) },
  {
    name: 'Conv2D with strides, padded',
    shapes: [IMAGE, [3, 3, 2, 3]],
    f: (s, [x, w]) => conv2d(s, x!, w!, { strides: [2, 2] }),
  },
  {
    name: 'Conv2D with unequal strides, not padded',
    shapes: [IMAGE, [2, 3, 2, 3]],
    f: (s, [x, w]) => conv2d(s, x!, w!, { strides: [2, 1], padding: 'VALID' }),
  },
  {
    name: 'Conv2D with paddings of its own',
    shapes: [IMAGE, [3, 3, 2, 3]],
    f: op('Conv2D', { ...attributesOf(2, 'EXPLICIT'), explicit_paddings: [0, 0, 2, 1, 0, 2, 0, 0] }),
  },
  {
    name: 'DepthwiseConv2dNative with paddings of its own',
    shapes: [IMAGE, [3, 3, 2, 1]],
    f: op('DepthwiseConv2dNative', { ...attributesOf(1, 'EXPLICIT'), explicit_paddings: [0, 0, 2, 1, 0, 2, 0, 0] }),
  },
  { name: 'DepthwiseConv2dNative', shapes: [IMAGE, [3, 3, 2, 3]], f: op('DepthwiseConv2dNative', attributesOf(1)) },
  {
    name: 'DepthwiseConv2dNative with strides, not padded',
    shapes: [IMAGE, [3, 3, 2, 1]],
    f: op('DepthwiseConv2dNative', attributesOf(2, 'VALID')),
  },
];

const POOLING: readonly GradientCase[] = [
  {
    name: 'MaxPool with paddings of its own',
    shapes: [IMAGE],
    f: op('MaxPool', {
      ...attributesOf(2, 'EXPLICIT'),
      ksize: [1, 3, 3, 1],
      explicit_paddings: [0, 0, 1, 1, 1, 1, 0, 0],
    }),
  },
  { name: 'MaxPool', shapes: [IMAGE], f: (s, [x]) => maxPool(s, x!, [2, 2]) },
  {
    name: 'MaxPool with windows that overlap, not padded',
    shapes: [IMAGE],
    f: (s, [x]) => maxPool(s, x!, [3, 3], { strides: [2, 2], padding: 'VALID' }),
  },
  { name: 'AvgPool', shapes: [IMAGE], f: (s, [x]) => avgPool(s, x!, [3, 3], { strides: [1, 1] }) },
  {
    name: 'AvgPool with strides, not padded',
    shapes: [IMAGE],
    f: (s, [x]) => avgPool(s, x!, [3, 3], { strides: [2, 2], padding: 'VALID' }),
  },
];

function lrnCase(name: string, radius: number, [bias, alpha, beta]: readonly [number, number, number]): GradientCase {
  const composed: Differentiable = (s, [x]) => {
    const channels = 6;
    const band = Array.from({ length: channels }, (_, i) =>
      Array.from({ length: channels }, (_unused, j) => (Math.abs(i - j) <= radius ? 1 : 0)),
    );
    const squares = reshape(s, square(s, x!), [-1, channels]);
    const sums = reshape(s, matMul(s, squares, s.constant(band, { dtype: 'float64' })), [1, 2, 1, channels]);
    const power = s.constant(-beta, { dtype: 'float64' });
    return mul(s, x!, s.op('Pow', { inputs: [add(s, mul(s, sums, alpha), bias), power] }).output());
  };
  return { name, shapes: [[1, 2, 1, 6]], f: (s, [x]) => lrn(s, x!, { radius, bias, alpha, beta }), composed };
}

const EPSILON = 0.01;
const CHANNELS = [2];

const NORMALISATION: readonly GradientCase[] = [
  lrnCase('LRN', 2, [1, 2, 0.75]),
  lrnCase('LRN with other attributes', 1, [2, 3, 0.5]),
  {
    name: 'FusedBatchNormV3 in training',
    shapes: [IMAGE, CHANNELS, CHANNELS],
    values: 'positive',
    f: (s, [x, scale, offset]) => {
      const empty = s.constant([], { shape: [0] });
      const inputs = { scale: scale!, offset: offset!, mean: empty, variance: empty };
      return fusedBatchNorm(s, x!, inputs as never, { training: true, epsilon: EPSILON }).y;
    },
    composed: (s, [x, scale, offset]) => {
      const average = mean(s, x!, { axes: [0, 1, 2] });
      const centred = sub(s, x!, average);
      const spread = sqrt(s, add(s, mean(s, square(s, centred), { axes: [0, 1, 2] }), EPSILON));
      return add(s, mul(s, div(s, centred, spread), scale!), offset!);
    },
  },
  {
    name: 'FusedBatchNormV3 in inference',
    shapes: [IMAGE, CHANNELS, CHANNELS],
    values: 'positive',
    f: (s, [x, scale, offset]) => {
      const moments = { mean: s.constant([0.9, 1.1]), variance: s.constant([0.5, 2]) };
      const inputs = { scale: scale!, offset: offset!, ...moments };
      return fusedBatchNorm(s, x!, inputs as never, { training: false, epsilon: EPSILON }).y;
    },
    composed: (s, [x, scale, offset]) => {
      const centred = sub(s, x!, s.constant([0.9, 1.1], { dtype: 'float64' }));
      const spread = sqrt(s, add(s, s.constant([0.5, 2], { dtype: 'float64' }), EPSILON));
      return add(s, mul(s, div(s, centred, spread), scale!), offset!);
    },
  },
];

const DENSE: readonly GradientCase[] = [
  { name: 'MatMul', shapes: [MATRIX, [4, 2]], f: (s, [x, y]) => matMul(s, x!, y!) },
  {
    name: 'MatMul of a transposed x',
    shapes: [
      [4, 3],
      [4, 2],
    ],
    f: (s, [x, y]) => matMul(s, x!, y!, { transposeA: true }),
  },
  {
    name: 'MatMul of a transposed y',
    shapes: [MATRIX, [2, 4]],
    f: (s, [x, y]) => matMul(s, x!, y!, { transposeB: true }),
  },
  {
    name: 'BatchMatMulV2, broadcast',
    shapes: [
      [2, 3, 4],
      [4, 2],
    ],
    f: op('BatchMatMulV2'),
  },
  { name: 'BiasAdd of rows', shapes: [MATRIX, [4]], f: (s, [x, b]) => biasAdd(s, x!, b!) },
  { name: 'BiasAdd of pictures', shapes: [IMAGE, CHANNELS], f: (s, [x, b]) => biasAdd(s, x!, b!) },
  { name: 'L2Loss', shapes: [MATRIX], f: (s, [x]) => l2Loss(s, x!) },
];

const LOSSES: readonly GradientCase[] = [
  {
    name: 'the cross entropy with sparse labels of each example',
    shapes: [MATRIX],
    f: (s, [x]) => sparseSoftmaxCrossEntropy(s, x!, ints(s, [2, 0, 3]) as never),
  },
  {
    name: 'the mean cross entropy with sparse labels',
    shapes: [MATRIX],
    f: (s, [x]) => softmaxCrossEntropyLoss(s, x!, ints(s, [2, 0, 3]) as never),
  },
  {
    name: 'SoftmaxCrossEntropyWithLogits, by logits and labels',
    shapes: [MATRIX, MATRIX],
    // Its gradient is right only where labels add up to 1.
    f: (s, [x, y]) => s.op('SoftmaxCrossEntropyWithLogits', { inputs: [x!, softmax(s, y!)] }).output(),
  },
  {
    name: 'softmax and its logarithm',
    shapes: [MATRIX],
    f: (s, [x]) => s.op('Log', { inputs: [softmax(s, x!)] }).output(),
  },
];

/** Layers and losses. */
export const LAYER_CASES: readonly GradientCase[] = [
  ...CONVOLUTIONS,
  ...POOLING,
  ...NORMALISATION,
  ...DENSE,
  ...LOSSES,
];
