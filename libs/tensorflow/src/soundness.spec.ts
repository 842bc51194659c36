import { describe, expect, it } from 'vitest';
import { defineFunction, Graph, Tensor, type Operation, type Output, type Scope } from './index.js';

/** What TensorFlow ends the process on, and the nearest to it that is sound. */
interface Rule {
  readonly rule: string;
  readonly expected: string;
  readonly make: (scope: Scope, sound: boolean) => Operation;
}

const floats = (scope: Scope, shape: readonly (number | null)[]): Output => scope.placeholder('float32', shape);

const RULES: Rule[] = [
  {
    rule: 'more outputs than there can be',
    expected: 'up to 65536',
    make: (scope, sound) =>
      scope.op('Split', {
        inputs: [scope.constant(0, { dtype: 'int32' }), floats(scope, [null])],
        attributes: { num_split: sound ? 4 : 1_000_000 },
      }),
  },
  {
    rule: 'numbers of more characters than anybody reads',
    expected: 'up to 65536',
    make: (scope, sound) =>
      scope.op('AsString', { inputs: [floats(scope, [1])], attributes: { width: sound ? 4 : 2_147_483_647 } }),
  },
  {
    rule: 'windows that do not advance',
    expected: 'from 1',
    make: (scope, sound) =>
      scope.op('MaxPool', {
        inputs: [floats(scope, [1, 4, 4, 1])],
        attributes: { ksize: [1, 2, 2, 1], strides: [1, sound ? 1 : 0, 1, 1], padding: 'SAME' },
      }),
  },
  {
    rule: 'strides of fewer axes than pictures have',
    expected: '4 of them',
    make: (scope, sound) =>
      scope.op('Conv2DBackpropFilter', {
        inputs: [floats(scope, [1, 4, 4, 1]), scope.placeholder('int32', [4]), floats(scope, [1, 4, 4, 1])],
        attributes: { strides: sound ? [1, 1, 1, 1] : [1, 1], padding: 'SAME' },
      }),
  },
  {
    rule: 'a constant that is said to be of another dtype than its value',
    expected: 'float32',
    make: (scope, sound) => {
      const value = Tensor.of('float32', [1], Float32Array.of(1));
      return scope.op('Const', { inputs: [], attributes: { value, dtype: sound ? 'float32' : 'float64' } });
    },
  },
  {
    rule: 'sizes of parts that are no vector',
    expected: 'rank 1',
    make: (scope, sound) =>
      scope.op('SplitV', {
        inputs: [
          floats(scope, [4]),
          scope.placeholder('int32', sound ? [2] : [2, 1]),
          scope.constant(0, { dtype: 'int32' }),
        ],
        attributes: { num_split: 2 },
      }),
  },
  {
    rule: 'a scatter into a tensor of which nobody knows how many axes it has',
    expected: 'a known rank',
    make: (scope, sound) =>
      scope.op('TensorScatterAdd', {
        inputs: [
          scope.placeholder('float32', sound ? [null] : undefined),
          scope.placeholder('int32', [2, 1]),
          floats(scope, [2]),
        ],
      }),
  },
  {
    rule: 'more axes of a batch than the indices have',
    expected: 'up to 1',
    make: (scope, sound) =>
      scope.op('GatherV2', {
        inputs: [floats(scope, [2, 3]), scope.placeholder('int32', [2]), scope.constant(1, { dtype: 'int32' })],
        attributes: { batch_dims: sound ? 1 : 2 },
      }),
  },
  {
    rule: 'axes of a batch counted from before the first one, also where nobody knows how many there are',
    expected: 'up to 254',
    make: (scope, sound) =>
      scope.op('GatherV2', {
        inputs: [floats(scope, [2, 3]), scope.placeholder('int32', undefined), scope.constant(1, { dtype: 'int32' })],
        attributes: { batch_dims: sound ? 0 : -2_147_483_641 },
      }),
  },
  {
    rule: 'a shape of more lengths than a tensor has axes',
    expected: 'up to 254',
    make: (scope, sound) =>
      scope.op('Reshape', { inputs: [floats(scope, [1]), scope.placeholder('int32', [sound ? 254 : 255])] }),
  },
  {
    rule: 'results of a mapped function without room for the axis of the batch',
    expected: 'up to 253 axes',
    make: (scope, sound) => {
      using same = defineFunction('same', [{ dtype: 'float32', shape: [] }], (_, [x]) => [x as Output]);
      return scope.op('MapDefun', {
        inputs: [[floats(scope, [3])], []],
        attributes: {
          ...{ f: same, Targuments: ['float32'], Tcaptured: [], output_types: ['float32'] },
          output_shapes: [Array.from({ length: sound ? 0 : 254 }, () => 1)],
        },
      });
    },
  },
];

describe('what TensorFlow would end the process on', () => {
  it.each(RULES)('is refused while the graph is built: $rule', ({ make, expected }) => {
    using graph = new Graph();
    const scope = graph.scope();
    expect(make(scope, true).name).not.toBe('');
    expect(() => make(scope, false)).toThrowError(
      expect.objectContaining({ code: 'GRAPH_INVALID', details: expect.objectContaining({ expected }) as unknown }),
    );
  });
});
