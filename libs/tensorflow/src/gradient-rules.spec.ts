import { describe, expect, it } from 'vitest';
import {
  add,
  addN,
  gradients,
  Graph,
  l2Loss,
  mul,
  Session,
  softmaxCrossEntropyLoss,
  sparseSoftmaxCrossEntropy,
  square,
  sum,
  type GradientRules,
  type Output,
  type Scope,
} from './index.js';

/** TensorFlow's library has no rule for x mod m, and Python's is this one. */
const MODULO: GradientRules = { FloorMod: (_scope, _operation, [arriving]) => [arriving, undefined] };

const modulo = (scope: Scope, x: Output) => scope.op('FloorMod', { inputs: [x, scope.constant(10)] }).output();

async function values(graph: Graph, outputs: readonly Output[]): Promise<number[][]> {
  using session = new Session(graph);
  const tensors = await session.run({ fetches: outputs });
  return tensors.map((tensor) => {
    using owned = tensor;
    return Array.from(owned.values(), Number);
  });
}

describe('gradients through operations with a rule of our own', () => {
  it('add up over paths with the rule, without it, and with it twice', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.constant([2, 3]);
    const once = modulo(scope, mul(scope, x, 4)); // 8, 2; slope 4
    const twice = modulo(scope, mul(scope, once, once)); // 64 mod 10, 4; slope 2 · once · 4
    const y = addN(scope, [square(scope, x), once, twice, mul(scope, twice, once)]);
    const [slope] = gradients(scope, [y], [x], { rules: MODULO });
    // 2x + 4 + 8 · once + (8 · once · once + twice · 4)
    const byHand = ([x, once, twice]: readonly [number, number, number]) =>
      2 * x + 4 + 8 * once + 8 * once * once + 4 * twice;
    expect(await values(graph, [slope!, once, twice])).toEqual([
      [byHand([2, 8, 4]), byHand([3, 2, 4])],
      [8, 2],
      [4, 4],
    ]);
  });

  it('are also had at the outputs of such an operation, as start and as end', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.constant([2, 3]);
    const y = modulo(scope, mul(scope, x, 4));
    const z = mul(scope, y, 5);
    const found = gradients(scope, [y, z], [x, y], { rules: MODULO, gradYs: [scope.constant([1, 10]), y] });
    expect(await values(graph, found)).toEqual([
      [4 * (1 + 5 * 8), 4 * (10 + 5 * 2)],
      [1 + 5 * 8, 10 + 5 * 2],
    ]);
  });

  it('pass by outputs that no one uses', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const [a, b] = [scope.constant([1, 2]), scope.constant([3, 4])];
    const both = scope.op('IdentityN', { inputs: [[a, b]] });
    const [slope] = gradients(scope, [square(scope, both.output(1))], [b]);
    expect(await values(graph, [slope!])).toEqual([[6, 8]]);
    expect(() => gradients(scope, [square(scope, both.output(1))], [a])).toThrowError(/no gradient reaches/);
  });

  it('keep the dilations of a convolution, which the library forgets', () => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.placeholder('float32', [1, 8, 8, 2]);
    const filter = scope.placeholder('float32', [3, 3, 2, 4]);
    const attributes = { strides: [1, 1, 1, 1], padding: 'SAME', dilations: [1, 2, 2, 1] };
    const y = scope.op('Conv2D', { inputs: [x, filter], attributes }).output();
    gradients(scope, [y], [x, filter]);
    const derived = graph.operations().filter(({ type }) => type.startsWith('Conv2DBackprop'));
    expect(derived).toHaveLength(2);
    for (const operation of derived) {
      expect(operation.toNodeDef().attr['dilations']!.value.value).toMatchObject({ i: [1n, 2n, 2n, 1n] });
    }
  });

  it('see both outputs of the cross entropy, and so give its second derivative', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const logits = scope.constant([[0.1, -0.4, 0.7]], { dtype: 'float64' });
    const loss = sparseSoftmaxCrossEntropy(scope, logits, scope.constant([1n]));
    const [slope] = gradients(scope, [loss], [logits]);
    const [curvature] = gradients(scope, [square(scope, slope!)], [logits]);
    const [at] = await values(graph, [logits]);
    const p = softmaxOf(at!);
    const g = p.map((value, i) => value - (i === 1 ? 1 : 0));
    // d Σ g² / d logits = 2 (diag p - p pᵀ) g
    const inner = p.reduce((total, value, i) => total + value * g[i]!, 0);
    const expected = p.map((value, i) => 2 * value * (g[i]! - inner));
    (await values(graph, [curvature!]))[0]!.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 12));
  });

  it('leave the graph as it was: it runs as before and is derived once more, also after a session has run', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.constant([[1, 2, 3]]);
    const loss = softmaxCrossEntropyLoss(scope, x, scope.constant([2n]));
    const readers = () => graph.operations().map(({ name, inputs }) => [name, inputs.map((input) => input.name)]);
    const before = readers();
    using session = new Session(graph);
    const run = async () => {
      using value = (await session.run({ fetches: [loss] }))[0]!;
      return value.number();
    };
    const first = await run();
    const [slope] = gradients(scope, [add(scope, loss, l2Loss(scope, x))], [x]);
    expect(readers().slice(0, before.length)).toEqual(before);
    expect(await run()).toBe(first);
    const again = gradients(scope, [add(scope, loss, l2Loss(scope, x))], [x])[0]!;
    const [one, two] = await values(graph, [slope!, again]);
    expect(two).toEqual(one);
  });

  it('are derived once each in a chain, as without the rule', () => {
    const products = (withRule: boolean) => {
      using graph = new Graph();
      const scope = graph.scope();
      const x = scope.constant([1, 2]);
      let y: Output = x;
      for (let i = 0; i < 5; i += 1) y = mul(scope, withRule ? modulo(scope, y) : y, 3);
      gradients(scope, [sum(scope, y)], [x], { rules: MODULO });
      return graph.operations().filter(({ type }) => type === 'Mul').length;
    };
    expect(products(true)).toBe(products(false));
  });
});

function softmaxOf(logits: readonly number[]): number[] {
  const raised = logits.map(Math.exp);
  const total = raised.reduce((a, b) => a + b);
  return raised.map((value) => value / total);
}
