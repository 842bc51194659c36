import { describe, expect, it } from 'vitest';
import {
  add,
  cond,
  Graph,
  initializers,
  less,
  mul,
  runIf,
  Session,
  square,
  sub,
  Tensor,
  variable,
  whileLoop,
  type Operation,
  type Output,
} from './index.js';

async function run(graph: Graph, fetches: readonly Output[], feeds: readonly (readonly [Output, Tensor])[] = []) {
  using session = new Session(graph);
  return (await session.run({ feeds, fetches })).map((tensor) => {
    using owned = tensor;
    return Array.from(owned.values(), Number);
  });
}

describe('cond', () => {
  it('gives what the chosen branch makes of what it captured', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const which = scope.placeholder('bool', []);
    const [x, y] = [scope.constant([1, 2]), scope.constant([10, 20])];
    const chosen = cond(scope, which, [x, y], {
      then: (inner, [a, b]) => [add(inner, a!, b!), square(inner, a!)],
      otherwise: (inner, [a, b]) => [sub(inner, a!, b!), a!],
    });
    for (const [value, expected] of [
      [
        true,
        [
          [11, 22],
          [1, 4],
        ],
      ],
      [
        false,
        [
          [-9, -18],
          [1, 2],
        ],
      ],
    ] as const) {
      using fed = Tensor.scalar('bool', value);
      expect(await run(graph, chosen, [[which, fed]])).toEqual(expected);
    }
    expect(chosen[0]!.operation.type).toBe('StatelessIf');
    expect(chosen[0]!.shape).toEqual([2]);
  });

  it('changes a variable in the chosen branch only', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const count = variable(scope, 'count', { dtype: 'float32', shape: [], initializer: initializers.zeros() });
    const which = scope.placeholder('bool', []);
    const [done] = cond(scope, which, [count.handle], {
      then: (inner, [handle]) => {
        const raised = inner.op('AssignAddVariableOp', { inputs: [handle!, inner.constant(1)] });
        return [inner.after(raised).constant(true)];
      },
      otherwise: (inner) => [inner.constant(false)],
    });
    expect(done!.operation.type).toBe('If');
    using session = new Session(graph);
    await session.run({ targets: [count.initializer] });
    for (const value of [true, false, true]) {
      using fed = Tensor.scalar('bool', value);
      await session.run({ feeds: [[which, fed]], targets: [done!.operation] });
    }
    using value = (await session.run({ fetches: [count.value] }))[0]!;
    expect(value.number()).toBe(2);
  });

  it('is refused when the branches give different kinds', () => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.constant([1, 2]);
    const branches = { then: () => [], otherwise: (_: unknown, [a]: Output[]) => [a!] };
    const refused = expect.objectContaining({ code: 'GRAPH_INVALID' });
    expect(() => cond(scope, scope.constant(true), [x], branches)).toThrowError(refused);
  });
});

describe('whileLoop', () => {
  it('goes round while its condition holds', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const [limit, factor] = [scope.constant(100), scope.constant([2, 3])];
    const [rounds, product] = whileLoop(
      scope,
      [scope.constant(0), scope.constant([1, 1])],
      {
        condition: (inner, [count, , bound]) => [less(inner, mul(inner, count!, count!), bound!)],
        body: (inner, [count, values, , by]) => [add(inner, count!, 1), mul(inner, values!, by!)],
      },
      { captured: [limit, factor] },
    );
    expect(await run(graph, [rounds!, product!])).toEqual([[10], [1024, 59049]]);
    expect(rounds!.operation.type).toBe('StatelessWhile');
  });

  it('is refused when its body changes the shape of a value', () => {
    using graph = new Graph();
    const scope = graph.scope();
    const loop = {
      condition: (inner: Parameters<typeof square>[0]) => [inner.constant(true)],
      body: (inner: Parameters<typeof square>[0]) => [inner.constant([1, 2, 3])],
    };
    expect(() => whileLoop(scope, [scope.constant([1])], loop)).toThrowError(
      expect.objectContaining({
        code: 'GRAPH_INVALID',
        message: expect.stringMatching(/expected float32.*1.*got float32.*3/),
      }),
    );
  });
});

describe('runIf', () => {
  it('makes the step where the condition holds, and is done either way', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const zeros = { dtype: 'float32', shape: [], initializer: initializers.zeros() } as const;
    const [guarded, after] = [variable(scope, 'guarded', zeros), variable(scope, 'after', zeros)];
    const raise = (target: Output, by: Output, at = scope): Operation =>
      at.op('AssignAddVariableOp', { inputs: [target, by] });
    const which = scope.placeholder('bool', []);
    const step = runIf(scope, which, [scope.constant(5)], (inner, [by]) => raise(guarded.handle, by!, inner));
    const last = raise(after.handle, scope.constant(1), scope.after(step));
    using session = new Session(graph);
    await session.run({ targets: [guarded.initializer, after.initializer] });
    for (const value of [true, false, true]) {
      using fed = Tensor.scalar('bool', value);
      await session.run({ feeds: [[which, fed]], targets: [last] });
    }
    const [sum, count] = await session.run({ fetches: [guarded.value, after.value] });
    expect([sum!.number(), count!.number()]).toEqual([10, 3]);
    for (const tensor of [sum!, count!]) tensor[Symbol.dispose]();
  });
});
