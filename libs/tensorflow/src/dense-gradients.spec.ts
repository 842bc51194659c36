import { describe, expect, it } from 'vitest';
import { difference, random, ROUNDING, valuesOf } from './convolutions.fixture.js';
import { fasterDenseGradients, gradients, Graph, hasNativeOperations, matMul, mul, sum } from './index.js';

/** Rows, inputs and units of a dense layer; which of them are large enough. */
const CASES = [
  { rows: 4, inputs: 2050, units: 2051, suits: true },
  { rows: 33, inputs: 4097, units: 1030, suits: true },
  { rows: 128, inputs: 1024, units: 4096, suits: true },
  { rows: 3, inputs: 2050, units: 2051, suits: false },
  { rows: 129, inputs: 2050, units: 2051, suits: false },
  { rows: 32, inputs: 2048, units: 1001, suits: false },
];

/** Both gradients of a layer, of what arrives and differs from place to place. */
function gradientsOf(graph: Graph, { rows, inputs, units }: (typeof CASES)[number]) {
  const scope = graph.scope();
  const x = random(scope, [rows, inputs], 1);
  const weights = random(scope, [inputs, units], 2);
  const loss = sum(scope, mul(scope, matMul(scope, x, weights), random(scope, [rows, units], 3)));
  return { scope, slopes: gradients(scope, [loss], [x, weights]) };
}

describe('fasterDenseGradients', () => {
  it.each(CASES)(
    'leaves the gradients as they were, up to rounding: $rows rows, $inputs inputs, $units units',
    async (layer) => {
      using graph = new Graph();
      const expected = await valuesOf(graph, gradientsOf(graph, layer).slopes);
      using other = new Graph();
      const { scope, slopes } = gradientsOf(other, layer);
      const found = await valuesOf(other, fasterDenseGradients(scope.child('ours'), slopes));
      found.forEach((values, i) => expect(difference(values, expected[i] as Float32Array)).toBeLessThan(ROUNDING));
    },
  );

  it.skipIf(!hasNativeOperations()).each(CASES)(
    'takes large layers with few rows [needs a C++ compiler at set-up]: $rows rows, $inputs inputs, $units units',
    (layer) => {
      using graph = new Graph();
      const { scope, slopes } = gradientsOf(graph, layer);
      const [byInputs, byWeights] = fasterDenseGradients(scope.child('ours'), slopes);
      expect(byInputs?.operation.type).toBe(layer.suits ? 'Transpose' : 'MatMul');
      expect(byWeights?.operation.type).toBe('MatMul');
    },
  );
});
