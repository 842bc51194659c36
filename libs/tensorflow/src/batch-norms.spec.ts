import { describe, expect, it } from 'vitest';
import { difference, INSTRUCTIONS, ofUnknownShape, random, valuesOf, valuesWith } from './convolutions.fixture.js';
import {
  add,
  fasterBatchNorms,
  fusedBatchNorm,
  gradients,
  Graph,
  hasNativeOperations,
  mul,
  relu,
  sum,
  type Output,
  type Scope,
} from './index.js';

const EPSILON = 1e-3;
const ROUNDING = 2e-6;

/** Chunks of one row and of many; channels around those of vectors and strips. */
const SHAPES = [
  [1, 1, 2, 1],
  [3, 5, 7, 16],
  [2, 33, 30, 37],
  [4, 9, 9, 72],
  // Its result goes past the caches.
  [2, 32, 33, 1024],
  [1, 3, 2, 40_000],
] as const;

/** Values with a mean that is large beside what they differ by. */
function inputsOf(scope: Scope, shape: readonly number[]): [Output, Output, Output] {
  const channels = [shape.at(-1) as number];
  return [add(scope, random(scope, shape, 1), 10), random(scope, channels, 2), random(scope, channels, 3)];
}

describe.skipIf(!hasNativeOperations())('our batch normalisation [needs a C++ compiler at set-up]', () => {
  function bothWays(scope: Scope, shape: readonly number[], options: { threads?: bigint; instructions?: string }) {
    const [x, scale, offset] = inputsOf(scope, shape);
    const none = scope.constant([], { dtype: 'float32' });
    const stock = scope.op('FusedBatchNormV3', {
      inputs: [x, scale, offset, none, none],
      attributes: { epsilon: EPSILON, is_training: true },
    });
    const ours = scope.op('BluewatersBatchNorm', {
      inputs: [x, scale, offset],
      attributes: { epsilon: EPSILON, ...options },
    });
    return [stock, ours].flatMap(({ outputs }) => outputs.slice(0, 3));
  }

  it.each(INSTRUCTIONS)(
    "is TensorFlow's up to rounding with the instructions %s, where the processor has them",
    async (instructions) => {
      for (const shape of SHAPES) {
        using graph = new Graph();
        const values = await valuesWith(instructions, graph, bothWays(graph.scope(), shape, { instructions }));
        if (!values) return;
        for (const i of [0, 1, 2]) {
          const [stock, ours] = [values[i], values[i + 3]] as [Float32Array, Float32Array];
          // With a mean of 10 a variance of 1 keeps 5 digits, and TensorFlow's loses as many.
          expect(difference(ours, stock), `${shape.join('x')}, output ${i}`).toBeLessThan(i === 1 ? ROUNDING : 3e-5);
        }
      }
    },
  );

  it.each(INSTRUCTIONS)(
    'adds and rectifies on the way, and takes two gradients back, as TensorFlow does with the instructions %s',
    async (instructions) => {
      for (const shape of SHAPES) {
        using graph = new Graph();
        const scope = graph.scope();
        const [x, scale, offset] = inputsOf(scope, shape);
        const [beside, a, b] = [4, 5, 6].map((seed) => random(scope, shape, seed)) as [Output, Output, Output];
        const attributes = { epsilon: EPSILON, rectify: true, instructions };
        const plain = { ...attributes, rectify: false };
        const norm = scope.op('BluewatersBatchNorm', { inputs: [x, scale, offset], attributes: plain });
        const ours = scope.op('BluewatersBatchNormSum', { inputs: [x, beside, scale, offset], attributes });
        const stock = relu(scope, add(scope, norm.output(0), beside));
        const stockGradient = scope.op('ReluGrad', { inputs: [add(scope, a, b), stock] }).output();
        const gradient = scope.op('BluewatersRectifiedSumGradient', {
          ...{ inputs: [a, b, stock], attributes: { instructions } },
        });
        const fetches = [stock, ours.output(0), stockGradient, gradient.output()];
        const values = await valuesWith(instructions, graph, fetches);
        if (!values) return;
        const [sums, ownSums, gradients, ownGradients] = values;
        expect(difference(ownSums!, sums!), shape.join('x')).toBeLessThan(ROUNDING);
        expect(difference(ownGradients!, gradients!), shape.join('x')).toBe(0);
      }
    },
  );

  it.each([[false], [true]])('has the gradients of TensorFlow, rectified: %s', async (rectified) => {
    for (const shape of SHAPES.slice(1, 4)) {
      using graph = new Graph();
      const scope = graph.scope();
      const [x, scale, offset] = inputsOf(scope, shape);
      const none = scope.constant([], { dtype: 'float32' });
      const learned = { scale, offset, mean: none, variance: none };
      const { y } = fusedBatchNorm(scope, x, learned, { training: true, epsilon: EPSILON });
      const loss = sum(scope, mul(scope, rectified ? relu(scope, y) : y, random(scope, shape, 7)));
      const slopes = gradients(scope, [loss], [x, scale, offset]);
      const expected = await valuesOf(graph, slopes);
      const found = await valuesOf(graph, fasterBatchNorms(scope.child('ours'), slopes));
      found.forEach((values, i) =>
        expect(difference(values, expected[i] as Float32Array), `${shape.join('x')}, ${i}`).toBeLessThan(1e-4),
      );
    }
  });

  it.each(INSTRUCTIONS)(
    'lets gradients through where the result is above zero, to the last bit, with the instructions %s',
    async (instructions) => {
      for (const shape of SHAPES) {
        using graph = new Graph();
        const scope = graph.scope();
        const [x, scale, offset] = inputsOf(scope, shape);
        const arriving = random(scope, shape, 7);
        const attributes = { epsilon: EPSILON, rectify: true, instructions };
        const [y, mean, , variance] = scope.op('BluewatersBatchNorm', { inputs: [x, scale, offset], attributes })
          .outputs as [Output, Output, Output, Output];
        const gradient = (of: Output, rectify: boolean): readonly Output[] => {
          const inputs = [x, of, scale, offset, mean, variance];
          return scope.op('BluewatersBatchNormGradient', { inputs, attributes: { ...attributes, rectify } }).outputs;
        };
        const passed = scope.op('ReluGrad', { inputs: [arriving, y] }).output();
        const fetches = [...gradient(passed, false), ...gradient(arriving, true)];
        const values = await valuesWith(instructions, graph, fetches);
        if (!values) return;
        for (const i of [0, 1, 2]) expect(difference(values[i + 3]!, values[i]!), shape.join('x')).toBe(0);
      }
    },
  );

  it('refuses gradients of another shape than the result that they arrive at', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const inputs = [
      [2, 3],
      [2, 3],
      [3, 2],
    ].map((shape) => ofUnknownShape(scope, shape));
    const gradient = scope.op('BluewatersRectifiedSumGradient', { inputs }).output();
    await expect(valuesOf(graph, [gradient])).rejects.toThrow(
      "both gradients and the rectifier's result must have one shape",
    );
  });

  it('is the same to the last bit for any number of threads', async () => {
    const found = [];
    for (const threads of [1n, 2n, 5n]) {
      using graph = new Graph();
      found.push((await valuesOf(graph, bothWays(graph.scope(), [4, 33, 30, 37], { threads }))).slice(3));
    }
    for (const other of found) expect(other).toEqual(found[0]);
  });

  it.each<[what: string, x: number[], scale: number[], offset: number[]]>([
    ['scales of another length', [2, 3, 3, 4], [5], [4]],
    ['offsets of another length', [2, 3, 3, 4], [4], [5]],
    ['three axes', [3, 3, 4], [4], [4]],
    ['a scale of two axes', [2, 3, 3, 4], [4, 1], [4]],
  ])('refuses %s', async (_what, ...shapes) => {
    using graph = new Graph();
    const scope = graph.scope();
    const inputs = shapes.map((shape) => ofUnknownShape(scope, shape));
    const norm = () => scope.op('BluewatersBatchNorm', { inputs, attributes: { epsilon: EPSILON } }).output();
    await expect(async () => valuesOf(graph, [norm()])).rejects.toThrow(/4 axes|rank/u);
  });
});

describe('fasterBatchNorms', () => {
  /** Two of them, one with a rectifier behind it, whose result is read twice. */
  function network(graph: Graph) {
    const scope = graph.scope();
    const [x, scale, offset] = inputsOf(scope, [3, 6, 6, 20]);
    const none = scope.constant([], { dtype: 'float32' });
    const learned = { scale, offset, mean: none, variance: none };
    const first = fusedBatchNorm(scope, x, learned, { training: true, epsilon: EPSILON });
    const hidden = relu(scope, first.y);
    const second = fusedBatchNorm(scope, mul(scope, hidden, x), learned, { training: true, epsilon: EPSILON });
    const loss = sum(scope, mul(scope, second.y, mul(scope, second.y, add(scope, hidden, x))));
    const slopes = gradients(scope, [loss], [x, scale, offset]);
    return { scope, all: [loss, ...slopes], slopes };
  }

  it('leaves the loss and all gradients as they were, up to rounding', async () => {
    using graph = new Graph();
    const expected = await valuesOf(graph, network(graph).all);
    using other = new Graph();
    const { scope, all, slopes } = network(other);
    const found = await valuesOf(other, [all[0] as Output, ...fasterBatchNorms(scope, slopes)]);
    found.forEach((values, i) => expect(difference(values, expected[i] as Float32Array)).toBeLessThan(1e-4));
  });

  /** Two residual blocks, the second with a shortcut that is normalised, too. */
  function residual(graph: Graph) {
    const scope = graph.scope();
    const [x, scale, offset] = inputsOf(scope, [3, 6, 6, 20]);
    const none = scope.constant([], { dtype: 'float32' });
    const learned = { scale, offset, mean: none, variance: none };
    const norm = (of: Output): Output => fusedBatchNorm(scope, of, learned, { training: true, epsilon: EPSILON }).y;
    const first = relu(scope, add(scope, norm(mul(scope, x, x)), x));
    const last = relu(scope, add(scope, norm(first), norm(mul(scope, first, x))));
    const loss = sum(scope, mul(scope, last, last));
    const slopes = gradients(scope, [loss], [x, scale, offset]);
    return { scope, all: [loss, ...slopes], slopes };
  }

  it('leaves the loss and all gradients of residual blocks as they were, up to rounding', async () => {
    using graph = new Graph();
    const expected = await valuesOf(graph, residual(graph).all);
    using other = new Graph();
    const { scope, all, slopes } = residual(other);
    const found = await valuesOf(other, [all[0] as Output, ...fasterBatchNorms(scope, slopes)]);
    found.forEach((values, i) => expect(difference(values, expected[i] as Float32Array)).toBeLessThan(1e-4));
  });

  it.skipIf(!hasNativeOperations())('takes the sum of a residual block along [needs a C++ compiler]', () => {
    using graph = new Graph();
    const { scope, slopes } = residual(graph);
    fasterBatchNorms(scope, slopes);
    const count = (wanted: string): number => graph.operations().filter(({ type }) => type === wanted).length;
    expect(['BluewatersBatchNormSum', 'BluewatersBatchNorm', 'BluewatersRectifiedSumGradient'].map(count)).toEqual([
      2, 1, 2,
    ]);
  });

  it.skipIf(!hasNativeOperations())('takes the rectifier along that is alone behind one [needs a C++ compiler]', () => {
    using graph = new Graph();
    const { scope, slopes } = network(graph);
    fasterBatchNorms(scope, slopes);
    const ours = graph.operations().filter(({ type }) => type === 'BluewatersBatchNorm');
    const rectified = ours.map((operation) => (operation.toNodeDef().attr['rectify']?.value.value ?? false) as boolean);
    expect(rectified.sort()).toEqual([false, true]);
    expect(graph.operations().filter(({ type }) => type === 'BluewatersBatchNormGradient')).toHaveLength(2);
  });
});
