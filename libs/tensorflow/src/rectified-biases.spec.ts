import { describe, expect, it } from 'vitest';
import { difference, INSTRUCTIONS, ofUnknownShape, random, valuesOf, valuesWith } from './convolutions.fixture.js';
import {
  biasAdd,
  fasterRectifiedBiases,
  gradients,
  Graph,
  hasNativeOperations,
  mul,
  relu,
  sum,
  type Output,
  type Scope,
} from './index.js';

/** Of pictures and of rows; several chunks, and tails of vectors. */
const SHAPES = [
  [1, 1, 1, 1],
  [2, 3, 5, 7],
  [3, 33, 30, 64],
  [2, 40, 40, 100],
  [5, 300],
] as const;

type InputsOfBoth = readonly [x: Output, bias: Output, arriving: Output];

function inputsOf(scope: Scope, shape: readonly number[]): InputsOfBoth {
  return [random(scope, shape, 1), random(scope, shape.slice(-1), 2), random(scope, shape, 3)];
}

/** A rectified bias read twice, a bias that is not rectified, and the gradients of both. */
function network(graph: Graph, shape: readonly number[]) {
  const scope = graph.scope();
  const [x, bias, weights] = inputsOf(scope, shape);
  const hidden = relu(scope, biasAdd(scope, mul(scope, x, x), bias));
  const last = biasAdd(scope, mul(scope, hidden, weights), bias);
  const loss = sum(scope, mul(scope, mul(scope, last, last), hidden));
  return { scope, loss, slopes: gradients(scope, [loss], [x, bias]) };
}

describe('fasterRectifiedBiases', () => {
  it.each(SHAPES.map((shape) => ({ shape })))(
    'leaves the loss and all gradients as they were: $shape',
    async ({ shape }) => {
      using graph = new Graph();
      const { loss, slopes } = network(graph, shape);
      const expected = await valuesOf(graph, [loss, ...slopes]);
      using other = new Graph();
      const ours = network(other, shape);
      const found = await valuesOf(other, [ours.loss, ...fasterRectifiedBiases(ours.scope.child('ours'), ours.slopes)]);
      found.forEach((values, i) => {
        expect(difference(values, expected[i] as Float32Array)).toBeLessThan(1e-5);
      });
    },
  );

  it.skipIf(!hasNativeOperations())(
    'takes both directions of what is rectified, and leaves alone what is not [needs a C++ compiler at set-up]',
    () => {
      using graph = new Graph();
      const { scope, slopes } = network(graph, SHAPES[1]);
      const ours = fasterRectifiedBiases(scope.child('ours'), slopes);
      const types = graph.operations().map(({ type }) => type);
      expect(types.filter((type) => type.startsWith('BluewatersRectifiedBias')).sort()).toEqual([
        'BluewatersRectifiedBias',
        'BluewatersRectifiedBiasGradient',
      ]);
      expect(ours).toHaveLength(2);
    },
  );
});

describe.skipIf(!hasNativeOperations())('our rectified biases [need a C++ compiler at set-up]', () => {
  type Options = { readonly threads?: bigint; readonly instructions?: string };

  function bothDirections(scope: Scope, [x, bias, arriving]: InputsOfBoth, attributes: Options = {}): Output[] {
    const y = scope.op('BluewatersRectifiedBias', { inputs: [x, bias], attributes }).output();
    return [y, ...scope.op('BluewatersRectifiedBiasGradient', { inputs: [arriving, y], attributes }).outputs];
  }

  it.each(INSTRUCTIONS)(
    'are those of TensorFlow, sums up to rounding, with the instructions %s, where there are such',
    async (instructions) => {
      for (const shape of SHAPES) {
        using graph = new Graph();
        const scope = graph.scope();
        const inputs = inputsOf(scope, shape);
        const [x, bias, arriving] = inputs;
        const y = relu(scope, biasAdd(scope, x, bias));
        const passed = scope.op('ReluGrad', { inputs: [arriving, y] }).output();
        const stock = [y, passed, scope.op('BiasAddGrad', { inputs: [passed] }).output()];
        const fetches = [...stock, ...bothDirections(scope, inputs, { instructions })];
        const values = await valuesWith(instructions, graph, fetches);
        if (!values) return;
        const apart = [0, 1, 2].map((i) => difference(values[i + 3]!, values[i]!));
        expect(apart.slice(0, 2), shape.join('x')).toEqual([0, 0]);
        expect(apart[2], shape.join('x')).toBeLessThan(1e-5);
      }
    },
  );

  it('are the same to the last bit for any number of threads', async () => {
    const found: Float32Array[][] = [];
    for (const threads of [1n, 2n, 5n]) {
      using graph = new Graph();
      const scope = graph.scope();
      found.push(await valuesOf(graph, bothDirections(scope, inputsOf(scope, SHAPES[3]), { threads })));
    }
    for (const other of found) expect(other.map((values, i) => difference(values, found[0]![i]!))).toEqual([0, 0, 0]);
  });

  it('give nothing of no rows, and no gradient by the bias', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const [y, byX, byBias] = await valuesOf(graph, bothDirections(scope, inputsOf(scope, [0, 4, 4, 3])));
    expect([y, byX].map((values) => values?.length)).toEqual([0, 0]);
    expect([...byBias!]).toEqual([0, 0, 0]);
  });

  it.each<[what: string, type: string, why: RegExp, ...shapes: number[][]]>([
    ['a bias too few', 'BluewatersRectifiedBias', /a bias for each channel/u, [2, 3], [2]],
    ['a number without axes', 'BluewatersRectifiedBias', /an axis of channels/u, [], [1]],
    ['results of another shape', 'BluewatersRectifiedBiasGradient', /must have one shape/u, [2, 3], [3, 2]],
    ['gradients without axes', 'BluewatersRectifiedBiasGradient', /an axis of channels/u, [], []],
  ])('refuse %s', async (_what, type, why, ...shapes) => {
    using graph = new Graph();
    const scope = graph.scope();
    const inputs = shapes.map((shape) => ofUnknownShape(scope, shape));
    await expect(valuesOf(graph, [scope.op(type, { inputs }).output(0)])).rejects.toThrow(why);
  });
});
