import { describe, expect, it } from 'vitest';
import { random, valuesOf } from './convolutions.fixture.js';
import { add, Graph, hasNativeOperations, mul, Session, type Output, type Scope } from './index.js';

const DECAY = 0.0005;

/** One float, less than a task of a thread, and several with a rest; none at all. */
const SHAPES = [[], [1], [3, 5, 7], [5, 2, 3, 4, 2], [300_001], [4, 0]].map((shape) => ({ shape }));

function decayed(scope: Scope, gradient: Output, weights: Output, threads = 2n): Output {
  const attributes = { decay: DECAY, threads };
  return scope.op('BluewatersDecayedGradient', { inputs: [gradient, weights], attributes }).output();
}

describe.skipIf(!hasNativeOperations())("our gradient with its weights' decay [needs a C++ compiler at set-up]", () => {
  it.each(SHAPES)('is that of two operations of TensorFlow, to the last bit ($shape)', async ({ shape }) => {
    using graph = new Graph();
    const scope = graph.scope();
    const [gradient, weights] = [random(scope, shape, 1), random(scope, shape, 2)];
    const stock = add(scope, gradient, mul(scope, weights, DECAY));
    const [theirs = new Float32Array(), ...ours] = await valuesOf(graph, [
      stock,
      ...[1n, 2n, 0n].map((threads) => decayed(scope, gradient, weights, threads)),
    ]);
    for (const values of ours) expect(Buffer.from(values.buffer).equals(Buffer.from(theirs.buffer))).toBe(true);
  });

  it('takes the place of the gradient in memory, unless somebody else reads that', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const [gradient, weights] = [random(scope, [4000], 1), random(scope, [4000], 2)];
    const twice = mul(scope, gradient, 2);
    const alone = decayed(scope.child('alone'), mul(scope, gradient, 3), weights);
    const shared = decayed(scope.child('shared'), twice, weights);
    using session = new Session(graph);
    const { tensors, metadata } = await session.trace({ fetches: [alone, shared, twice] });
    for (const tensor of tensors) tensor[Symbol.dispose]();
    const nodes = metadata.stepStats?.devStats.flatMap(({ nodeStats }) => nodeStats) ?? [];
    const bytes = (of: Output) =>
      nodes
        .filter(({ nodeName }) => nodeName === of.operation.name)
        .flatMap(({ memory }) => memory.flatMap(({ allocationRecords }) => allocationRecords))
        .reduce((sum, { allocBytes }) => sum + Number(allocBytes), 0);
    expect(bytes(alone)).toBe(0);
    expect(bytes(shared)).toBeGreaterThanOrEqual(16_000);
  });

  it('refuses weights of another shape', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const refused = decayed(scope, random(scope, [2, 3], 1), random(scope, [3, 2], 2));
    await expect(valuesOf(graph, [refused])).rejects.toThrow('a gradient and its weights must have one shape');
  });
});
