import { describe, expect, it } from 'vitest';
import {
  avgPool,
  biasAdd,
  conv2d,
  fusedBatchNorm,
  gradients,
  Graph,
  lrn,
  matMul,
  maxPool,
  mean,
  mul,
  relu,
  reshape,
  Session,
  softmax,
  softmaxCrossEntropyLoss,
  sum,
  Tensor,
  type DType,
  type Output,
  type Scope,
} from './index.js';

/** A function of one tensor, and where it is tried. */
interface Case {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly f: (scope: Scope, x: Output) => Output;
}

/** Distinct values, none near another, so that a small step crosses no kink of ReLU or of pooling. */
function spreadValues(count: number): number[] {
  return Array.from({ length: count }, (_, i) => (((i * 37) % count) + 0.5) / count - 0.5);
}

const weights = (scope: Scope, dtype: DType, shape: readonly number[]) =>
  scope.constant(spreadValues(shape.reduce((a, b) => a * b, 1)), { dtype, shape });

const CASES: readonly Case[] = [
  { name: 'MatMul', dtype: 'float64', shape: [3, 4], f: (s, x) => matMul(s, x, weights(s, 'float64', [4, 2])) },
  {
    name: 'Conv2D',
    dtype: 'float64',
    shape: [1, 4, 4, 2],
    f: (s, x) => conv2d(s, x, weights(s, 'float64', [3, 3, 2, 3])),
  },
  {
    name: 'Conv2D by its filter, with strides',
    dtype: 'float64',
    shape: [3, 3, 2, 1],
    f: (s, w) => conv2d(s, weights(s, 'float64', [1, 5, 5, 2]), w, { strides: [2, 2], padding: 'VALID' }),
  },
  { name: 'MaxPool', dtype: 'float64', shape: [1, 4, 4, 1], f: (s, x) => maxPool(s, x, [2, 2]) },
  { name: 'AvgPool', dtype: 'float64', shape: [1, 4, 4, 1], f: (s, x) => avgPool(s, x, [3, 3], { strides: [2, 2] }) },
  { name: 'Relu', dtype: 'float64', shape: [6], f: relu },
  {
    name: 'BiasAdd by its bias',
    dtype: 'float64',
    shape: [3],
    f: (s, b) => biasAdd(s, weights(s, 'float64', [2, 3]), b),
  },
  { name: 'Softmax', dtype: 'float64', shape: [2, 3], f: softmax },
  { name: 'Mean over some axes', dtype: 'float64', shape: [2, 3, 2], f: (s, x) => mean(s, x, { axes: [0, 2] }) },
  {
    name: 'LRN',
    dtype: 'float32',
    shape: [1, 1, 1, 6],
    f: (s, x) => lrn(s, x, { radius: 2, bias: 1, alpha: 2, beta: 0.75 }),
  },
  {
    name: 'LRN between other operations',
    dtype: 'float32',
    shape: [1, 1, 1, 6],
    f: (s, x) => mul(s, lrn(s, mul(s, x, 2), { radius: 1, bias: 2, alpha: 3, beta: 0.75 }), 2),
  },
  { name: 'FusedBatchNormV3', dtype: 'float32', shape: [2, 2, 2, 2], f: batchNorm },
];

function batchNorm(scope: Scope, x: Output): Output {
  const empty = scope.constant([], { shape: [0] });
  const inputs = { scale: scope.constant([1.5, 0.5]), offset: scope.constant([0, 1]), mean: empty, variance: empty };
  return fusedBatchNorm(scope, x, inputs, { training: true }).y;
}

/** The derivative of `loss` by each element of x, by central differences. */
async function differences(value: (x: number[]) => Promise<number>, x: readonly number[], step: number) {
  const slopes: number[] = [];
  for (let i = 0; i < x.length; i += 1) {
    const moved = (by: number) => value(x.map((v, j) => (j === i ? v + by : v)));
    slopes.push(((await moved(step)) - (await moved(-step))) / (2 * step));
  }
  return slopes;
}

describe('gradients', () => {
  it.each(CASES)('agree with differences for $name', async ({ dtype, shape, f }) => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.placeholder(dtype, shape);
    const y = f(scope, x);
    // Weighted, so that no part of the gradient cancels out.
    const loss = sum(scope, mul(scope, y, weights(scope, dtype, y.shape as number[])));
    const [gradient] = gradients(scope, [loss], [x]);
    using session = new Session(graph);
    const fetch = async (output: Output, values: number[]) => {
      using fed = Tensor.of(dtype, shape, values);
      using result = (await session.run({ feeds: [[x, fed]], fetches: [output] }))[0]!;
      return Array.from(result.values(), Number);
    };
    const at = spreadValues(shape.reduce((a, b) => a * b, 1));
    const step = dtype === 'float64' ? 1e-5 : 1e-2;
    const expected = await differences(async (values) => (await fetch(loss, values))[0]!, at, step);
    const tolerance = dtype === 'float64' ? 1e-7 : 2e-3;
    (await fetch(gradient!, at)).forEach((slope, i) => expect(Math.abs(slope - expected[i]!)).toBeLessThan(tolerance));
  });

  it('of the mean cross entropy are softmax minus one-hot over the batch', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const logits = scope.constant([
      [1, 2, 3],
      [0, 0, 0],
    ]);
    const loss = softmaxCrossEntropyLoss(scope, logits, scope.constant([2n, 0n]));
    const [gradient] = gradients(scope, [loss], [logits]);
    using session = new Session(graph);
    const [lossValue, gradientValue, probabilities] = await session.run({
      fetches: [loss, gradient!, softmax(scope, logits)],
    });
    const p = [...probabilities!.values('float32')];
    const oneHot = [0, 0, 1, 1, 0, 0];
    [...gradientValue!.values('float32')].forEach((g, i) => expect(g).toBeCloseTo((p[i]! - oneHot[i]!) / 2, 6));
    expect(lossValue!.number()).toBeCloseTo(-(Math.log(p[2]!) + Math.log(p[3]!)) / 2, 5);
  });

  it('start from what arrives at each output', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.constant([1, 2]);
    const [gradient] = gradients(scope, [mul(scope, x, 3)], [x], { gradYs: [scope.constant([10, 100])] });
    using session = new Session(graph);
    using result = (await session.run({ fetches: [gradient!] }))[0]!;
    expect(result.values()).toEqual(Float32Array.of(30, 300));
  });

  it('are in a name scope, and unique when asked for twice', () => {
    using graph = new Graph();
    const scope = graph.scope().child('train');
    const x = scope.constant([1, 2]);
    const y = mul(scope, x, x);
    expect(gradients(scope, [y], [x])[0]!.name).toMatch(/^train\/gradients\//);
    expect(gradients(scope, [y], [x])[0]!.name).toMatch(/^train\/gradients_1\//);
  });

  it('are refused without influence, without a rule, and with too few starting points', () => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.constant([[1, 2]], { name: 'x' });
    const other = scope.constant([1, 2], { name: 'other' });
    const y = reshape(scope, x, [2]);
    const refused = (words: RegExp) =>
      expect.objectContaining({ code: 'GRAPH_INVALID', message: expect.stringMatching(words) });
    expect(() => gradients(scope, [y], [other])).toThrowError(refused(/partial derivative for node 'other'/));
    expect(() => gradients(scope, [y], [x], { gradYs: [] })).toThrowError(refused(/expected 1, got 0/));
    const norm = scope.op('EuclideanNorm', { inputs: [x, scope.constant([0], { dtype: 'int32' })] }).output();
    expect(() => gradients(scope, [norm], [x])).toThrowError(refused(/No gradient defined for op: EuclideanNorm/));
  });
});
