import { describe, expect, it } from 'vitest';
import { difference, INSTRUCTIONS, ofUnknownShape, random, valuesOf, valuesWith } from './convolutions.fixture.js';
import { fasterLocalNorms, gradients, Graph, hasNativeOperations, lrn, mul, sum, type Output } from './index.js';

/** Large enough for a sum of squares to matter. */
const SETTINGS = { bias: 0.5, alpha: 0.3, beta: 0.75 };
const ROUNDING = 3e-6;

/** Windows that reach beyond all channels, and one of nothing but the channel itself; several tasks, and tails of vectors. */
const CASES = [
  { shape: [1, 1, 1, 1], radius: 5 },
  { shape: [2, 3, 5, 7], radius: 2 },
  { shape: [3, 33, 30, 64], radius: 2 },
  { shape: [1, 9, 9, 193], radius: 5 },
  { shape: [2, 4, 4, 20], radius: 0 },
  { shape: [2, 4, 4, 20], radius: 100 },
] as const;

/** The result, and its gradient, of what arrives and differs from place to place. */
function normalised(graph: Graph, { shape, radius }: (typeof CASES)[number], beta = SETTINGS.beta) {
  const scope = graph.scope();
  const x = random(scope, shape, 1);
  const y = lrn(scope, x, { ...SETTINGS, beta, radius });
  const loss = sum(scope, mul(scope, y, random(scope, shape, 2)));
  return { scope, loss, slopes: gradients(scope, [loss], [x]) };
}

describe('fasterLocalNorms', () => {
  it.each(CASES)(
    'leaves the loss and its gradient as they were, up to rounding: $shape, radius $radius',
    async (each) => {
      using graph = new Graph();
      const { loss, slopes } = normalised(graph, each);
      const expected = await valuesOf(graph, [loss, ...slopes]);
      using other = new Graph();
      const ours = normalised(other, each);
      const found = await valuesOf(other, [ours.loss, ...fasterLocalNorms(ours.scope.child('ours'), ours.slopes)]);
      // The loss is a sum of terms that cancel: as many of its last bits differ as the terms' do.
      expect(difference(found[0] as Float32Array, expected[0] as Float32Array)).toBeLessThan(1e-3);
      expect(difference(found[1] as Float32Array, expected[1] as Float32Array)).toBeLessThan(ROUNDING);
    },
  );

  it.skipIf(!hasNativeOperations())(
    'takes both directions, and no other power [needs a C++ compiler at set-up]',
    () => {
      const typesOf = (beta: number): string[] => {
        using graph = new Graph();
        const { scope, slopes } = normalised(graph, CASES[1], beta);
        fasterLocalNorms(scope.child('ours'), slopes);
        return graph.operations().map(({ type }) => type).filter((type) => type.includes('LocalNorm')); // prettier-ignore
      };
      expect(typesOf(0.75).sort()).toEqual(['BluewatersLocalNorm', 'BluewatersLocalNormGradient']);
      expect(typesOf(0.5)).toEqual([]);
    },
  );
});

describe.skipIf(!hasNativeOperations())('our local response normalisation [needs a C++ compiler at set-up]', () => {
  const attributes = { radius: 2n, bias: SETTINGS.bias, alpha: SETTINGS.alpha };

  function bothDirections(graph: Graph, options: { threads?: bigint; instructions?: string }): Output[] {
    const scope = graph.scope();
    const [x, arriving] = [1, 2].map((seed) => random(scope, [3, 33, 30, 65], seed)) as [Output, Output];
    const y = scope.op('BluewatersLocalNorm', { inputs: [x], attributes: { ...attributes, ...options } }).output();
    const inputs = [arriving, x, y];
    return [y, scope.op('BluewatersLocalNormGradient', { inputs, attributes: { ...attributes, ...options } }).output()];
  }

  it.each(INSTRUCTIONS)(
    'is the same, up to rounding, with the instructions %s, where there are such',
    async (given) => {
      using graph = new Graph();
      const found = await valuesWith(given, graph, bothDirections(graph, { instructions: given }));
      if (!found) return;
      using other = new Graph();
      const portable = await valuesOf(other, bothDirections(other, { instructions: 'portable' }));
      found.forEach((values, i) => expect(difference(values, portable[i] as Float32Array)).toBeLessThan(ROUNDING));
    },
  );

  it('is the same to the last bit for any number of threads', async () => {
    const found = [];
    for (const threads of [1n, 2n, 5n]) {
      using graph = new Graph();
      found.push(await valuesOf(graph, bothDirections(graph, { threads })));
    }
    for (const other of found) expect(other).toEqual(found[0]);
  });

  it.each<[what: string, ...shapes: number[][]]>([
    ['three axes', [3, 3, 4], [3, 3, 4], [3, 3, 4]],
    ['a result of another shape', [2, 3, 3, 4], [2, 3, 3, 4], [2, 3, 3, 5]],
  ])('refuses %s', async (_what, ...shapes) => {
    using graph = new Graph();
    const scope = graph.scope();
    const inputs = shapes.map((shape) => ofUnknownShape(scope, shape));
    const gradient = () => scope.op('BluewatersLocalNormGradient', { inputs, attributes }).output();
    await expect(async () => valuesOf(graph, [gradient()])).rejects.toThrow(/4 axes|rank/u);
  });
});
