import { describe, expect, it } from 'vitest';
import {
  add,
  dynamicLossScale,
  gradients,
  Graph,
  initializers,
  matMul,
  mixedPrecision,
  optimisers,
  Session,
  softmaxCrossEntropyLoss,
  Tensor,
  variable,
  type ComputeDType,
  type LossScaleOptions,
  type Optimiser,
  type Output,
} from './index.js';

const OPTIMISERS: readonly (readonly [string, Optimiser])[] = [
  ['sgd', optimisers.sgd({ weightDecay: 0.1 })],
  ['momentum', optimisers.momentum({ weightDecay: 0.1 })],
  ['rmsProp', optimisers.rmsProp()],
  ['adam', optimisers.adam()],
  ['adamW', optimisers.adamW({ weightDecay: 0.1 })],
  ['lars', optimisers.lars()],
  ['clipped adam', optimisers.clippedByGlobalNorm(optimisers.adam(), 1)],
];

/** A weight whose gradient is fed, scaled as a backward pass from a scaled loss would have it. */
function guarded(optimiser: Optimiser, options: LossScaleOptions) {
  const graph = new Graph();
  const scope = graph.scope();
  const scaling = dynamicLossScale(scope, options);
  const initializer = initializers.constant(0.5);
  const weight = variable(scope, 'w', { dtype: 'float32', shape: [2], initializer });
  const slope = scope.placeholder('float32', [2]);
  const gradient = scaling.scaled(scope, slope);
  const update = scaling.guard(optimiser).apply(scope, [{ variable: weight, gradient }], scope.constant(0.1));
  const session = new Session(graph);
  const all = [weight, ...update.slots];
  const state = async () => {
    const tensors = await session.run({ fetches: all.map(({ value }) => value) });
    return Object.fromEntries(tensors.map((tensor, i) => [all[i]!.name, Array.from(tensor.values(), Number)]));
  };
  const step = async (values: readonly number[]) => {
    using fed = Tensor.of('float32', [2], values);
    await session.run({ feeds: [[slope, fed]], targets: [update.operation] });
    return state();
  };
  const start = async () => {
    await session.run({ targets: all.map((one) => one.initializer) });
    return state();
  };
  return {
    start,
    step,
    [Symbol.dispose]: () => {
      session[Symbol.dispose]();
      graph[Symbol.dispose]();
    },
  };
}

describe('dynamicLossScale', () => {
  it.each(OPTIMISERS)(
    'leaves parameters and slots of %s as they are when a gradient is not finite',
    async (_name, of) => {
      using run = guarded(of, { initial: 1024 });
      await run.start();
      const { loss_scale: _, good_steps: __, ...before } = await run.step([1, -2]);
      for (const broken of [Infinity, NaN]) {
        const { loss_scale, good_steps, ...after } = await run.step([0, broken]);
        expect(after).toEqual(before);
        expect(good_steps).toEqual([0]);
        expect(loss_scale![0]).toBeLessThan(1024);
      }
      expect((await run.step([1, -2]))['w']).not.toEqual(before['w']);
    },
  );

  it.each(OPTIMISERS)('changes nothing about the steps of %s while gradients are finite', async (_name, of) => {
    using small = guarded(of, { initial: 1 });
    using large = guarded(of, { initial: 65536 });
    await small.start();
    await large.start();
    for (const values of [
      [1, -2],
      [0.5, 3],
    ]) {
      const { loss_scale: _, ...one } = await small.step(values);
      const { loss_scale: __, ...other } = await large.step(values);
      expect(other).toEqual(one);
    }
  });

  it('doubles after enough finite steps in a row, halves after a broken one, and stays at 1 at least', async () => {
    using run = guarded(optimisers.sgd(), { initial: 4, growthSteps: 3 });
    await run.start();
    const seen: unknown[] = [];
    for (const value of [1, 1, 1, 1, NaN, 1, NaN, NaN, NaN, NaN, 1, 1, 1]) {
      const { loss_scale, good_steps } = await run.step([value, 1]);
      seen.push([loss_scale![0], good_steps![0]]);
    }
    const scales = [
      [4, 1],
      [4, 2],
      [8, 0],
      [8, 1],
      [4, 0],
      [4, 1],
      [2, 0],
      [1, 0],
      [1, 0],
      [1, 0],
      [1, 1],
      [1, 2],
      [2, 0],
    ];
    expect(seen).toEqual(scales);
  });
});

describe('mixedPrecision', () => {
  /** One layer, as the policy has it. */
  function layer(graph: Graph, compute: ComputeDType) {
    const scope = graph.scope();
    const precision = mixedPrecision(compute);
    const scaling = dynamicLossScale(scope, { initial: 256 });
    const initializer = initializers.glorotUniform({ seed: 4 });
    const weights = variable(scope, 'weights', { dtype: 'float32', shape: [4, 3], initializer });
    const images = scope.constant([
      [0.1, 0.2, -0.3, 0.4],
      [1, -1, 0.5, 0.25],
    ]);
    const product = matMul(scope, precision.input(scope, images), precision.parameter(scope, weights));
    const logits = precision.logits(scope, product);
    const loss = softmaxCrossEntropyLoss(scope, logits, scope.constant([0n, 2n]));
    const [gradient] = gradients(scope, [scaling.scaled(scope, loss)], [weights.value]);
    const { operation, slots } = scaling
      .guard(optimisers.momentum())
      .apply(scope, [{ variable: weights, gradient: gradient! }], scope.constant(0.5));
    return { weights, product, logits, loss, gradient: gradient!, operation, slots };
  }

  it.each(['float16', 'bfloat16'] as const)('computes in %s between float32 variables and losses', async (compute) => {
    using graph = new Graph();
    const { product, logits, loss, gradient, weights } = layer(graph, compute);
    const kinds = (...outputs: Output[]) => outputs.map(({ dtype }) => dtype);
    expect(kinds(product, logits, loss, gradient, weights.value)).toEqual([
      compute,
      ...(['float32', 'float32', 'float32', 'float32'] as const),
    ]);
    const products = graph.operations().filter(({ type }) => type === 'MatMul');
    expect(products.length).toBeGreaterThan(1); // forward and backward
    for (const operation of products) expect(operation.output().dtype).toBe(compute);
  });

  it.each(['float16', 'bfloat16'] as const)('learns in %s as in float32, but for rounding', async (compute) => {
    const lossesIn = async (dtype: ComputeDType) => {
      using graph = new Graph();
      const { weights, loss, operation, slots } = layer(graph, dtype);
      using session = new Session(graph);
      await session.run({ targets: [weights, ...slots].map(({ initializer }) => initializer) });
      const losses: number[] = [];
      for (let step = 0; step < 8; step += 1) {
        using value = (await session.run({ fetches: [loss], targets: [operation] }))[0]!;
        losses.push(value.number());
      }
      return losses;
    };
    const [full, half] = [await lossesIn('float32'), await lossesIn(compute)];
    half.forEach((loss, step) => expect(Math.abs(loss - full[step]!)).toBeLessThan(0.02));
    expect(half).not.toEqual(full);
    expect(half.at(-1)!).toBeLessThan(half[0]! / 2);
  });

  it('adds nothing to a graph that computes in float32', () => {
    using graph = new Graph();
    const scope = graph.scope();
    const precision = mixedPrecision('float32');
    const x = scope.constant([1, 2]);
    expect([precision.input(scope, x), precision.logits(scope, x)]).toEqual([x, x]);
    expect(add(scope, precision.parameter(scope, { value: x }), 1).dtype).toBe('float32');
  });
});
