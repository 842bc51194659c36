import { beforeEach, describe, expect, it } from 'vitest';
import { add, defineFunction, Graph, group, matMul, reshape, Session, type Scope } from './index.js';

const invalid = (message: RegExp) =>
  expect.objectContaining({ code: 'GRAPH_INVALID', message: expect.stringMatching(message) });

let graph: Graph;
let scope: Scope;
beforeEach(() => {
  graph = new Graph();
  scope = graph.scope();
  return () => graph[Symbol.dispose]();
});

describe('names', () => {
  it('are made unique as Python makes them', () => {
    const scopes = ['conv', 'conv', 'conv'].map((name) => scope.child(name).name);
    expect(scopes).toEqual(['conv', 'conv_1', 'conv_2']);
    expect(scope.child('conv_1').name).toBe('conv_1_1');
    expect(scope.placeholder('float32', [], { name: 'Conv' }).name).toBe('Conv_3:0');
  });

  it('tell scopes and operations apart that differ in case only', () => {
    expect([scope.child('Pool').name, scope.child('pool').name]).toEqual(['Pool', 'pool_1']);
  });

  it('keep the constants of an operation within its own', () => {
    const x = scope.placeholder('float32', [4]);
    expect(reshape(scope, x, [2, 2]).name).toBe('Reshape:0');
    expect(graph.operation('Reshape/shape').type).toBe('Const');
    expect(reshape(scope, x, [2, 2]).name).toBe('Reshape_1:0');
  });

  it('of an imported graph are taken', () => {
    scope.placeholder('float32', [], { name: 'x' });
    using other = new Graph();
    other.importGraphDef(graph.toGraphDef(), { prefix: 'imported' });
    expect(other.output('imported/x').dtype).toBe('float32');
    expect(other.scope().child('imported').name).toBe('imported_1');
  });
});

describe('devices', () => {
  it('of an inner scope win over the outer ones part by part', () => {
    const onServer = scope.on('/job:ps/task:3').on('/cpu:0');
    expect(onServer.device).toBe('/job:ps/task:3/device:CPU:0');
    expect(onServer.on('/task:1').device).toBe('/job:ps/task:1/device:CPU:0');
    expect(onServer.child('x').constant(1).operation.device).toBe('/job:ps/task:3/device:CPU:0');
  });
});

describe('op', () => {
  it('names the operation, its scopes, its inputs and what TensorFlow says when shapes do not fit', () => {
    const a = scope.placeholder('float32', [2, 3], { name: 'a' });
    const b = scope.placeholder('float32', [null, 5], { name: 'b' });
    const c = scope.placeholder('float32', [4, 5], { name: 'c' });
    expect(matMul(scope, a, b).shape).toEqual([2, 5]);
    expect(() => scope.child('layer').op('MatMul', { inputs: [a, c] })).toThrowError(
      invalid(
        /MatMul 'layer\/MatMul' with inputs \(a:0 float32\[2,3\], c:0 float32\[4,5\]\): Dimensions must be equal/,
      ),
    );
  });

  it('refuses what the definition does not have', () => {
    const x = scope.placeholder('float32', undefined, { name: 'x' });
    expect(() => scope.op('Konv2D')).toThrowError(invalid(/no operation 'Konv2D'/));
    expect(() => scope.op('Relu', { inputs: [] })).toThrowError(invalid(/expected 1 inputs: features, got 0/));
    expect(() => scope.op('Relu', { inputs: [[x]] })).toThrowError(invalid(/input 'features'.*expected one output/));
    expect(() => scope.op('AddN', { inputs: [x] })).toThrowError(invalid(/input 'inputs'.*a list of outputs/));
    expect(() => scope.op('Relu', { inputs: [x], attributes: { alpha: 1 } })).toThrowError(
      invalid(/no attribute 'alpha'.*x:0 float32\[\.\.\.\]|x:0 float32\[\.\.\.\].*no attribute 'alpha'/),
    );
  });

  it.each([
    ['transpose_a', 1, /'transpose_a' is bool/],
    ['T', 'float33', /'T' is type/],
  ])('refuses a value of another kind for the attribute %s', (name, value, words) => {
    const x = scope.placeholder('float32', [2, 2]);
    expect(() => scope.op('MatMul', { inputs: [x, x], attributes: { [name]: value } })).toThrowError(invalid(words));
  });

  it('encodes every kind of attribute as TensorFlow reads it', async () => {
    const strings = scope.constant(['a', 'b'], { name: 'strings' });
    const cases = { outputs: [strings.dtype, strings.shape] };
    expect(cases.outputs).toEqual(['string', [2]]);
    expect(scope.placeholder('float32', [null, 3]).shape).toEqual([null, 3]);
    expect(scope.placeholder('float32', undefined).shape).toBeUndefined();
    const spread = scope.op('Split', {
      inputs: [scope.constant(0, { dtype: 'int32' }), scope.constant([1, 2, 3])],
      attributes: { num_split: 3 },
    });
    expect(spread.outputs.map(({ shape }) => shape)).toEqual([[1], [1], [1]]);
    using double = defineFunction('Double', [{ dtype: 'float32', shape: [] }], (inner, [x]) => [add(inner, x!, x!)]);
    const call = scope.op('PartitionedCall', {
      inputs: [[scope.constant(21)]],
      attributes: { Tin: ['float32'], Tout: ['float32'], f: double, config: '' },
    });
    using session = new Session(graph);
    using answer = (await session.run({ fetches: [call.output()] }))[0]!;
    expect(answer.number()).toBe(42);
  });

  it('leaves the graph as it was when it refuses', () => {
    const before = graph.operations().length;
    expect(() => scope.op('Relu', { inputs: [] })).toThrow();
    expect(graph.operations().length).toBe(before);
  });
});

describe('constant', () => {
  it.each([
    [3, 'float32', []],
    [3n, 'int64', []],
    [true, 'bool', []],
    ['text', 'string', []],
    [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      'float32',
      [2, 3],
    ],
    [Int32Array.of(1, 2), 'int32', [2]],
    [[], 'float32', [0]],
  ] as const)('gives %s the dtype %s and the shape %s', (value, dtype, shape) => {
    const output = scope.constant(value);
    expect([output.dtype, output.shape]).toEqual([dtype, shape]);
  });

  it('repeats one value over a shape, and refuses ragged lists', () => {
    expect(scope.constant(0.5, { shape: [2, 2] }).shape).toEqual([2, 2]);
    expect(() => scope.constant([[1, 2], [3]])).toThrowError(invalid(/one length at each depth/));
  });
});

describe('output and operation', () => {
  it('are found by name, and refused when there is none', () => {
    const x = scope.child('in').placeholder('int32', [1], { name: 'x' });
    expect(graph.output('in/x').name).toBe(x.name);
    expect(graph.output('in/x:0').dtype).toBe('int32');
    expect(() => graph.output('in/x:1')).toThrowError(invalid(/no such output.*expected 0 to 0, got 1/));
    expect(() => graph.operation('in/y')).toThrowError(invalid(/no operation 'in\/y'/));
  });

  it('cannot be used once the graph was given back', () => {
    const x = scope.constant(1);
    graph[Symbol.dispose]();
    expect(() => x.shape).toThrowError(expect.objectContaining({ code: 'HANDLE_DISPOSED' }));
  });
});

describe('after', () => {
  it('orders what has no other tie', async () => {
    const first = scope.op('NoOp', { name: 'first' });
    const fails = scope.after(first).op('Assert', {
      inputs: [scope.constant(false), [scope.constant('the control input ran')]],
    });
    using session = new Session(graph);
    await expect(session.run({ targets: [group(scope, [fails])] })).rejects.toThrow(/the control input ran/);
  });
});
