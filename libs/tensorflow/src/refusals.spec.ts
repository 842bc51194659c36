import { afterAll, describe, expect, it } from 'vitest';
import type { CodedError } from '@bluewaters/errors';
import { Graph, raw, type Operation, type Output, type Scope } from './index.js';

interface Mistake {
  readonly mistake: string;
  readonly make: (scope: Scope) => unknown;
  /** Words of the message. */
  readonly says: string;
  readonly expected: unknown;
  readonly got: unknown;
}

const graph = new Graph();
const other = new Graph();
afterAll(() => {
  graph[Symbol.dispose]();
  other[Symbol.dispose]();
});
const root = graph.scope();
const matrix = root.placeholder('float32', [2, 3], { name: 'matrix' });
const vector = root.placeholder('float32', [5], { name: 'vector' });
const whole = root.placeholder('int32', [2, 3], { name: 'whole' });
const foreign = other.scope().placeholder('float32', [2, 3], { name: 'foreign' });
const picture = root.placeholder('float32', [1, 4, 4, 3], { name: 'picture' });

const multiply = (scope: Scope, ...inputs: (Output | Output[])[]): Operation => scope.op('MatMul', { inputs });
const window = { ksize: [1, 2, 2, 1], strides: [1, 2, 2, 1] };

const MISTAKES: Mistake[] = [
  {
    mistake: 'a wrong rank',
    make: (scope) => raw.matMul(scope, { a: matrix, b: vector }),
    says: 'with inputs (matrix:0 float32[2,3], vector:0 float32[5]): Shape must be rank 2 but is rank 1',
    expected: 'Shape must be rank 2 but is rank 1',
    got: 'matrix:0 float32[2,3], vector:0 float32[5]',
  },
  {
    mistake: 'inner dimensions that do not fit',
    make: (scope) => raw.matMul(scope, { a: matrix, b: matrix }),
    says: 'with inputs (matrix:0 float32[2,3], matrix:0 float32[2,3]): Dimensions must be equal',
    expected: 'Dimensions must be equal, but are 3 and 2',
    got: 'matrix:0 float32[2,3], matrix:0 float32[2,3]',
  },
  {
    mistake: 'two dtypes where there should be one',
    make: (scope) => multiply(scope, matrix, whole),
    says: "Inconsistent values for attr 'T' float vs. int32",
    expected: "Inconsistent values for attr 'T' float vs. int32",
    got: 'matrix:0 float32[2,3], whole:0 int32[2,3]',
  },
  {
    mistake: 'an attribute that does not exist',
    make: (scope) => scope.op('MatMul', { inputs: [matrix, matrix], attributes: { transpose: true } }),
    says: "there is no attribute 'transpose'",
    expected: expect.stringContaining('transpose_a, transpose_b') as string,
    got: 'transpose',
  },
  {
    mistake: 'an attribute of another kind',
    make: (scope) => scope.op('MatMul', { inputs: [matrix, matrix], attributes: { transpose_a: 'yes' } }),
    says: "attribute 'transpose_a' is bool: got yes",
    expected: 'bool',
    got: 'yes',
  },
  {
    mistake: 'a value that is none of those allowed',
    make: (scope) => scope.op('MaxPool', { inputs: [picture], attributes: { ...window, padding: 'FULL' } }),
    says: "with inputs (picture:0 float32[1,4,4,3]): attribute 'padding' is one of SAME, VALID",
    expected: expect.stringContaining('SAME, VALID') as string,
    got: 'FULL',
  },
  {
    mistake: 'too few inputs',
    make: (scope) => multiply(scope, matrix),
    says: 'it takes 2 inputs: a, b',
    expected: '2 inputs: a, b',
    got: '1',
  },
  {
    mistake: 'a list where one output belongs',
    make: (scope) => multiply(scope, matrix, [matrix]),
    says: "input 'b' takes one output",
    expected: 'one output',
    got: 'a list of outputs',
  },
  {
    mistake: 'one output where a list belongs',
    make: (scope) => scope.op('AddN', { inputs: [matrix] }),
    says: "input 'inputs' takes a list of outputs",
    expected: 'a list of outputs',
    got: 'one output',
  },
  {
    mistake: 'an output of another graph',
    make: (scope) => raw.matMul(scope, { a: matrix, b: foreign }),
    says: "'foreign' is of another graph",
    expected: 'outputs of the graph that the scope belongs to',
    got: 'foreign',
  },
  {
    mistake: 'waiting for an operation of another graph',
    make: (scope) => scope.after(foreign.operation).op('NoOp'),
    says: "'foreign' is of another graph",
    expected: 'outputs of the graph that the scope belongs to',
    got: 'foreign',
  },
  {
    mistake: 'an operation that does not exist',
    make: (scope) => scope.op('Conv2d', { inputs: [picture, picture] }),
    says: "TensorFlow has no operation 'Conv2d'; perhaps Conv2D",
    expected: expect.stringContaining('Conv2D') as string,
    got: 'Conv2d',
  },
];

function failureOf(make: () => unknown): CodedError {
  try {
    make();
  } catch (error) {
    return error as CodedError;
  }
  throw new Error('nothing was refused');
}

describe('an operation with a mistake is refused when it is added, by its full name', () => {
  it.each(MISTAKES)('$mistake', ({ make, says, expected, got }) => {
    const failure = failureOf(() => make(graph.scope().child('layer')));
    expect(failure.code).toBe('GRAPH_INVALID');
    expect(failure.message).toContain(says);
    expect(failure.message).not.toContain('{{node');
    expect(failure.details).toMatchObject({ expected, got });
    expect(failure.details.field).toMatch(/^layer(_\d+)?\//);
  });

  it('an output whose graph was given back', () => {
    const gone = new Graph();
    const orphan = gone.scope().placeholder('float32', [2, 3], { name: 'orphan' });
    gone[Symbol.dispose]();
    expect(failureOf(() => multiply(root, matrix, orphan)).message).toContain("'orphan' is of another graph");
    expect(failureOf(() => multiply(gone.scope(), orphan, orphan)).code).toBe('HANDLE_DISPOSED');
  });

  it.each(['gpu0', '/device:', '/task:one', '/machine:a/cpu:0'])('a scope on the device %s', (device) => {
    expect(failureOf(() => root.on(device))).toMatchObject({ code: 'GRAPH_INVALID', details: { got: device } });
  });
});
