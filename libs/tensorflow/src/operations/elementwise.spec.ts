import { expect, it } from 'vitest';
import * as tf from '../index.js';

/** Elements of an output of a graph that holds constants only. */
async function valuesOf(build: (scope: tf.Scope, x: tf.Output<'float32'>) => tf.Output): Promise<number[]> {
  using graph = new tf.Graph();
  const scope = graph.scope();
  const output = build(scope, scope.constant([-2, 0, 3]));
  using session = new tf.Session(graph);
  const [tensor] = await session.run({ fetches: [output] });
  using fetched = tensor!;
  return Array.from(fetched.values() as ArrayLike<number>, Number);
}

type Build = Parameters<typeof valuesOf>[0];

const X = [-2, 0, 3];

/** Φ(x), by the midpoint rule from a point below which next to nothing lies. */
function normalDistribution(x: number): number {
  const [from, steps] = [-9, 20_000];
  const width = (x - from) / steps;
  const density = (at: number) => Math.exp(-(at ** 2) / 2) / Math.sqrt(2 * Math.PI);
  return Array.from({ length: steps }).reduce<number>(
    (area, _, i) => area + density(from + (i + 0.5) * width) * width,
    0,
  );
}

it.each<[name: string, build: Build, formula: (x: number) => number]>([
  ['abs', tf.abs, Math.abs],
  ['neg', tf.neg, (x) => 0 - x],
  ['sign', tf.sign, Math.sign],
  ['floor', (scope, x) => tf.floor(scope, tf.div(scope, x, 2)), (x) => Math.floor(x / 2)],
  ['exp', tf.exp, Math.exp],
  ['log', (scope, x) => tf.log(scope, tf.add(scope, x, 3)), (x) => Math.log(x + 3)],
  ['pow', (scope, x) => tf.pow(scope, x, 3), (x) => x ** 3],
  ['sigmoid', tf.sigmoid, (x) => 1 / (1 + Math.exp(-x))],
  ['tanh', tf.tanh, Math.tanh],
  ['softplus', tf.softplus, (x) => Math.log1p(Math.exp(x))],
  ['elu', tf.elu, (x) => (x > 0 ? x : Math.expm1(x))],
  ['selu', tf.selu, (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x))],
  ['round', (scope, x) => tf.round(scope, tf.mul(scope, x, 0.6)), (x) => Math.round(x * 0.6)],
  ['rsqrt', (scope, x) => tf.rsqrt(scope, tf.add(scope, x, 3)), (x) => 1 / Math.sqrt(x + 3)],
  ['squaredDifference', (scope, x) => tf.squaredDifference(scope, x, 2), (x) => (x - 2) ** 2],
  ['gelu', tf.gelu, (x) => x * normalDistribution(x)],
  [
    'gelu, approximate,',
    (scope, x) => tf.gelu(scope, x, { approximate: true }),
    (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  ],
  ['leakyRelu', (scope, x) => tf.leakyRelu(scope, x, { alpha: 0.1 }), (x) => (x > 0 ? x : 0.1 * x)],
  ['logSoftmax', tf.logSoftmax, (x) => x - Math.log(X.reduce((sum, each) => sum + Math.exp(each), 0))],
  ['greater', (scope, x) => tf.greater(scope, x, 0), (x) => Number(x > 0)],
  ['greaterEqual', (scope, x) => tf.greaterEqual(scope, x, 0), (x) => Number(x >= 0)],
  ['lessEqual', (scope, x) => tf.lessEqual(scope, x, 0), (x) => Number(x <= 0)],
  ['notEqual', (scope, x) => tf.notEqual(scope, x, 0), (x) => Number(x !== 0)],
  [
    'select, logicalAnd, logicalOr and logicalNot',
    (scope, x) => {
      const inner = tf.logicalAnd(scope, tf.greater(scope, x, -1), tf.logicalNot(scope, tf.greater(scope, x, 2)));
      return tf.select(scope, tf.logicalOr(scope, inner, inner), [x, tf.square(scope, x)]);
    },
    (x) => (x > -1 && x <= 2 ? x : x * x),
  ],
])('%s computes what its name says', async (_name, build, formula) => {
  const computed = await valuesOf(build);
  computed.forEach((value, at) => expect(value).toBeCloseTo(formula(X[at]!), 4));
  expect(computed).toHaveLength(X.length);
});

it('batchMatMul and einsum multiply matrices alike', async () => {
  const product = (multiply: (scope: tf.Scope, x: tf.Output, y: tf.Output) => tf.Output) =>
    valuesOf((scope, x) => multiply(scope, tf.reshape(scope, x, [1, 1, 3]), tf.reshape(scope, x, [1, 3, 1])));
  expect(await product(tf.batchMatMul)).toEqual([13]);
  expect(await product((scope, x) => tf.batchMatMul(scope, x, x, { adjointB: true }))).toEqual([13]);
  expect(await product((scope, x, y) => tf.einsum(scope, 'bij,bjk->bik', [x, y]))).toEqual([13]);
});
