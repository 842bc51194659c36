import { expect, it } from 'vitest';
import {
  biasAdd,
  conv2d,
  dynamicLossScale,
  fusedBatchNorm,
  gradients,
  Graph,
  group,
  initializers,
  listDevices,
  matMul,
  mean,
  mixedPrecision,
  optimisers,
  relu,
  Session,
  softmaxCrossEntropyLoss,
  variable,
  type ComputeDType,
  type Scope,
} from './index.js';

/** A small network of convolution, batch normalisation and a dense layer, on pictures whose mean tells the label. */
function network(scope: Scope, compute: ComputeDType) {
  const precision = mixedPrecision(compute);
  const scaling = dynamicLossScale(scope, { growthSteps: 4 });
  const weights = (name: string, shape: number[]) =>
    variable(scope, name, { dtype: 'float32', shape, initializer: initializers.heNormal({ seed: 3 }) });
  const [filter, dense] = [weights('filter', [3, 3, 3, 16]), weights('dense', [16, 2])];
  const bias = variable(scope, 'bias', { dtype: 'float32', shape: [2], initializer: initializers.zeros() });
  const pixels = Array.from({ length: 8 * 16 * 16 * 3 }, (_, i) => Math.sin(i) + (Math.floor(i / 768) % 2));
  const images = scope.constant(pixels, { shape: [8, 16, 16, 3] });
  const x = conv2d(scope, precision.input(scope, images), precision.parameter(scope, filter));
  const empty = scope.constant([], { shape: [0] });
  const moments = { scale: scope.constant(new Float32Array(16).fill(1)), offset: scope.constant(new Float32Array(16)) };
  const { y } = fusedBatchNorm(scope, x, { ...moments, mean: empty, variance: empty }, { training: true });
  const pooled = mean(scope, relu(scope, y), { axes: [1, 2] }); // [8, 16]
  const product = matMul(scope, pooled, precision.parameter(scope, dense));
  const logits = precision.logits(scope, biasAdd(scope, product, precision.parameter(scope, bias)));
  const labels = scope.constant(Int32Array.from({ length: 8 }, (_, i) => i % 2));
  const loss = softmaxCrossEntropyLoss(scope, logits, labels);
  const trained = [filter, dense, bias];
  const slopes = gradients(
    scope,
    [scaling.scaled(scope, loss)],
    trained.map(({ value }) => value),
  );
  const parameters = trained.map((one, i) => ({ variable: one, gradient: slopes[i]! }));
  const update = scaling.guard(optimisers.momentum()).apply(scope, parameters, scope.constant(0.05));
  const initialize = group(
    scope,
    [...trained, ...update.slots].map(({ initializer }) => initializer),
  );
  return { loss, step: update.operation, initialize, scale: scaling.scale };
}

async function losses(compute: ComputeDType): Promise<{ losses: number[]; scale: number }> {
  using graph = new Graph();
  const { loss, step, initialize, scale } = network(graph.scope().on('/gpu:0'), compute);
  using session = new Session(graph, { softPlacement: true, allowGrowth: true });
  await session.run({ targets: [initialize] });
  const seen: number[] = [];
  for (let i = 0; i < 12; i += 1) {
    using value = (await session.run({ fetches: [loss], targets: [step] }))[0]!;
    seen.push(value.number());
  }
  using reached = (await session.run({ fetches: [scale.value] }))[0]!;
  return { losses: seen, scale: reached.number() };
}

it.each(['float16', 'bfloat16'] as const)('learns in %s on a GPU as in float32, but for rounding', async (compute) => {
  const [full, half] = [await losses('float32'), await losses(compute)];
  expect(listDevices().map(({ type }) => type)).toContain('GPU'); // after a session that takes memory only as needed
  half.losses.forEach((loss, step) => expect(Math.abs(loss - full.losses[step]!)).toBeLessThan(0.05));
  expect(half.losses.at(-1)!).toBeLessThan(half.losses[0]! / 2);
  expect(half.scale).toBeGreaterThan(1);
});
