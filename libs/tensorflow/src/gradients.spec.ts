import { describe, expect, it } from 'vitest';
import {
  gradients,
  Graph,
  lrn,
  mul,
  relu,
  reshape,
  Session,
  softmax,
  softmaxCrossEntropyLoss,
  type Output,
  type Scope,
} from './index.js';

describe('gradients', () => {
  it('of the mean cross entropy are softmax minus one-hot over the batch', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const logits = scope.constant([
      [1, 2, 3],
      [0, 0, 0],
    ]);
    const loss = softmaxCrossEntropyLoss(scope, logits, scope.constant([2n, 0n]));
    const [gradient] = gradients(scope, [loss], [logits]);
    using session = new Session(graph);
    const [lossValue, gradientValue, probabilities] = await session.run({
      fetches: [loss, gradient!, softmax(scope, logits)],
    });
    const p = [...probabilities!.values('float32')];
    const oneHot = [0, 0, 1, 1, 0, 0];
    [...gradientValue!.values('float32')].forEach((g, i) => expect(g).toBeCloseTo((p[i]! - oneHot[i]!) / 2, 6));
    expect(lossValue!.number()).toBeCloseTo(-(Math.log(p[2]!) + Math.log(p[3]!)) / 2, 5);
  });

  it('start from what arrives at each output', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.constant([1, 2]);
    const [gradient] = gradients(scope, [mul(scope, x, 3)], [x], { gradYs: [scope.constant([10, 100])] });
    using session = new Session(graph);
    using result = (await session.run({ fetches: [gradient!] }))[0]!;
    expect(result.values()).toEqual(Float32Array.of(30, 300));
  });

  it('are in a name scope, and unique when asked for twice', () => {
    using graph = new Graph();
    const scope = graph.scope().child('train');
    const x = scope.constant([1, 2]);
    const y = mul(scope, x, x);
    expect(gradients(scope, [y], [x])[0]!.name).toMatch(/^train\/gradients\//);
    expect(gradients(scope, [y], [x])[0]!.name).toMatch(/^train\/gradients_1\//);
  });

  it('are refused without influence, without a rule, and with too few starting points', () => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.constant([[1, 2]], { name: 'x' });
    const other = scope.constant([1, 2], { name: 'other' });
    const y = reshape(scope, x, [2]);
    const refused = (words: RegExp) =>
      expect.objectContaining({ code: 'GRAPH_INVALID', message: expect.stringMatching(words) });
    expect(() => gradients(scope, [y], [other])).toThrowError(refused(/partial derivative for node 'other'/));
    expect(() => gradients(scope, [y], [x], { gradYs: [] })).toThrowError(refused(/expected 1, got 0/));
    const norm = scope.op('EuclideanNorm', { inputs: [x, scope.constant([0], { dtype: 'int32' })] }).output();
    expect(() => gradients(scope, [norm], [x])).toThrowError(refused(/No gradient defined for op: EuclideanNorm/));
  });

  it.each<[string, (scope: Scope, x: Output) => Output]>([
    ['an operation of TensorFlow’s rules', (scope, x) => mul(scope, x, 2)],
    ['an operation of our own rule', (scope, x) => lrn(scope, x, { radius: 1, bias: 1, alpha: 1, beta: 0.5 })],
  ])('of a rectifier behind %s keep what came out of it, not what went in', async (_, before) => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.constant([[[[-1, 2, -3, 4]]]]);
    const inner = before(scope, x);
    const y = relu(scope, inner);
    const arriving = scope.constant([[[[10, 20, 30, 40]]]]);
    const [gradient] = gradients(scope, [y], [inner, x], { gradYs: [arriving] });
    expect(gradient!.operation.type).toBe('ReluGrad');
    expect(gradient!.operation.input(1).name).toBe(y.name);
    using session = new Session(graph);
    using result = (await session.run({ fetches: [gradient!] }))[0]!;
    expect(result.values()).toEqual(Float32Array.of(0, 20, 0, 40));
  });
});
