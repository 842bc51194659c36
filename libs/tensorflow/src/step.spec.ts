import { beforeEach, describe, expect, it } from 'vitest';
import {
  add,
  Graph,
  initializers,
  liveHandles,
  mul,
  raw,
  Session,
  sum,
  Tensor,
  variable,
  type Scope,
} from './index.js';

let graph: Graph;
let scope: Scope;
beforeEach(() => {
  graph = new Graph();
  scope = graph.scope();
  return () => graph[Symbol.dispose]();
});

describe('a prepared step', () => {
  it('gives what run gives, with other values each time, also several at the same time', async () => {
    const x = scope.placeholder('float32', []);
    const y = scope.placeholder('float32', []);
    const count = variable(scope, 'count', { dtype: 'float32', shape: [], initializer: initializers.zeros() });
    const counted = scope.op('AssignAddVariableOp', { inputs: [count.handle, scope.constant(1)] });
    using session = new Session(graph);
    await session.run({ targets: [count.initializer] });
    const step = session.prepare({ feeds: [x, y], fetches: [mul(scope, x, y), add(scope, x, y)], targets: [counted] });
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        using a = Tensor.scalar('float32', i);
        using b = Tensor.scalar('float32', 10);
        const [product, total] = await step.run([a, b]);
        const numbers = [product!.number(), total!.number()];
        for (const tensor of [product!, total!]) tensor[Symbol.dispose]();
        return numbers;
      }),
    );
    using counts = (await session.run({ fetches: [count.value] }))[0]!;
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => [10 * i, 10 + i]));
    expect(counts.number()).toBe(20);
  });

  it('reads anew what was written to the view of a tensor that is fed again', async () => {
    const x = scope.placeholder('float32', [2]);
    using session = new Session(graph);
    const step = session.prepare({ feeds: [x], fetches: [sum(scope, x)] });
    using fed = Tensor.allocate('float32', [2]);
    const sums: number[] = [];
    for (const value of [1, 2, 3]) {
      fed.view('float32').fill(value);
      using result = (await step.run([fed]))[0]!;
      sums.push(result.number());
    }
    expect(sums).toEqual([2, 4, 6]);
  });

  it('gives the same at once, blocking, as on a worker thread', async () => {
    const x = scope.placeholder('float32', [2]);
    using session = new Session(graph);
    const step = session.prepare({ feeds: [x], fetches: [sum(scope, x), mul(scope, x, x)] });
    using fed = Tensor.of('float32', [2], [3, 4]);
    const [inTurn, atOnce] = [await step.run([fed]), step.runSync([fed])];
    expect(atOnce.map((tensor) => tensor.numbers())).toEqual([[7], [9, 16]]);
    expect(atOnce.map((tensor) => tensor.numbers())).toEqual(inTurn.map((tensor) => tensor.numbers()));
    for (const tensor of [...inTurn, ...atOnce]) tensor[Symbol.dispose]();
  });

  it('fails at once as it does on a worker thread, and leaves nothing behind', async () => {
    const x = scope.placeholder('float32', [2]);
    using session = new Session(graph);
    const step = session.prepare({
      feeds: [x],
      fetches: [raw.checkNumerics(scope, { tensor: x }, { message: 'seen' })],
    });
    using fed = Tensor.of('float32', [2], [1, NaN]);
    const before = liveHandles();
    const failure = { code: 'TENSORFLOW_FAILED' };
    await expect(step.run([fed])).rejects.toMatchObject(failure);
    expect(() => step.runSync([fed])).toThrowError(expect.objectContaining(failure));
    expect(liveHandles()).toEqual(before);
  });

  it('names its feeds when it is given another number of values', async () => {
    const x = scope.placeholder('float32', [], { name: 'x' });
    using session = new Session(graph);
    const step = session.prepare({ feeds: [x], fetches: [x] });
    const failure = { code: 'CONFIG_INVALID', details: { expected: 'x:0', got: '0 values' } };
    await expect(step.run([])).rejects.toMatchObject(failure);
    expect(() => step.runSync([])).toThrowError(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('is refused once its session or graph was given back', async () => {
    const session = new Session(graph);
    const step = session.prepare({ fetches: [scope.constant(1)] });
    graph[Symbol.dispose]();
    await expect(step.run()).rejects.toMatchObject({ code: 'HANDLE_DISPOSED' });
    session[Symbol.dispose]();
    await expect(step.run()).rejects.toMatchObject({ code: 'HANDLE_DISPOSED' });
    expect(() => session.prepare({})).toThrowError(expect.objectContaining({ code: 'HANDLE_DISPOSED' }));
  });
});
