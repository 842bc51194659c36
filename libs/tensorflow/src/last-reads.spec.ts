import { describe, expect, it } from 'vitest';
import { afterLastReads, Graph, mul, reshape } from './index.js';

describe('afterLastReads', () => {
  it('waits for who reads a value, in its own shape or in another, and for nobody outside of the step', () => {
    using graph = new Graph();
    const scope = graph.scope();
    const value = scope.constant(0, { shape: [2, 3] });
    const read = mul(scope, value, 2, { name: 'as_it_is' });
    const reshaped = mul(scope, reshape(scope, value, [3, 2]), 3, { name: 'in_another_shape' });
    mul(scope, value, 4, { name: 'of_another_step' });
    const [slope] = afterLastReads(scope, [scope.constant(1)], { values: [value], step: [read, reshaped] });
    const awaited = slope?.operation.toNodeDef().input.filter((name) => name.startsWith('^'));
    expect(awaited?.sort()).toEqual(['^as_it_is', '^in_another_shape']);
  });
});
