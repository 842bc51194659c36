import { describe, expect, it } from 'vitest';
import { Graph, initializers, optimisers, variable } from '../index.js';
import {
  BIASES,
  gradientsAt,
  OPTIMISER_CASES,
  STEPS,
  train,
  WEIGHTS,
  type OptimiserCase,
} from './optimiser-cases.fixture.js';

/** The same steps as plain arithmetic in float64. */
function plainly({ plain, rate, coupledDecay }: OptimiserCase): number[][] {
  const [forWeights, forBiases] = [plain(), plain()];
  let [weights, biases] = [WEIGHTS, BIASES];
  return Array.from({ length: STEPS }, (_, step) => {
    const g = gradientsAt(step);
    const penalised = g.weights.map((slope, i) => slope + coupledDecay * weights[i]!);
    weights = forWeights({ w: weights, g: penalised, decayed: true, rate, t: step + 1 });
    biases = forBiases({ w: biases, g: g.biases, decayed: false, rate, t: step + 1 });
    return [...weights, ...biases];
  });
}

describe('optimisers', () => {
  it.each(OPTIMISER_CASES)('$name does what its formula says', async (one) => {
    const { history } = await train(one);
    const expected = plainly(one);
    history.forEach((values, step) =>
      values.forEach((value, i) => {
        const difference = Math.abs(value - expected[step]![i]!);
        expect(difference).toBeLessThan(2e-6 * Math.max(1, Math.abs(value)));
      }),
    );
  });

  it('give slots that a checkpoint must hold, and put them where their parameters are', () => {
    using graph = new Graph();
    const scope = graph.scope();
    const options = { dtype: 'float32', shape: [2], initializer: initializers.zeros() } as const;
    const weights = variable(scope.on('/job:ps/task:1'), 'w', options);
    const gradient = scope.constant([1, 1]);
    const { slots, operation } = optimisers.adam().apply(scope, [{ variable: weights, gradient }], scope.constant(0.1));
    expect(slots.map(({ name }) => name)).toEqual(['w/Adam', 'w/Adam_1', 'beta1_power', 'beta2_power']);
    for (const { handle, trainable } of slots) {
      expect(handle.operation.device).toBe('/job:ps/task:1');
      expect(trainable).toBe(false);
    }
    const applied = graph.operations().filter(({ type }) => type === 'ResourceApplyAdam');
    expect(applied.map(({ device }) => device)).toEqual(['/job:ps/task:1']);
    expect(operation.type).toBe('NoOp');
  });

  it('scale gradients down together when their common norm is to be limited', async () => {
    const plain = { ...OPTIMISER_CASES[0]!, optimiser: optimisers.sgd() };
    const free = await train(plain);
    const clipped = await train({ ...plain, optimiser: optimisers.clippedByGlobalNorm(optimisers.sgd(), 0.5) });
    const first = gradientsAt(0);
    const norm = Math.hypot(...first.weights, ...first.biases);
    const start = [...WEIGHTS, ...BIASES];
    clipped.history[0]!.forEach((value, i) => {
      expect(value - start[i]!).toBeCloseTo(((free.history[0]![i]! - start[i]!) * 0.5) / norm, 6);
    });
    const far = await train({ ...plain, optimiser: optimisers.clippedByGlobalNorm(optimisers.sgd(), 1000) });
    far.history[0]!.forEach((value, i) => expect(value).toBeCloseTo(free.history[0]![i]!, 6));
  });
});
