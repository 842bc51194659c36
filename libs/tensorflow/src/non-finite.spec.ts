import { describe, expect, it } from 'vitest';
import {
  add,
  exp,
  gradients,
  Graph,
  log,
  mul,
  relu,
  Session,
  sqrt,
  sum,
  Tensor,
  watchFinite,
  type Output,
} from './index.js';

/** Fetches the counts of a watch once, with `x` fed. */
async function firstIn(graph: Graph, x: Output, values: readonly number[], ys: readonly Output[]) {
  const watch = watchFinite(graph.scope(), ys);
  using session = new Session(graph, { intraOpThreads: 1, interOpThreads: 1 });
  using fed = Tensor.of('float32', [values.length], [...values]);
  using counts = (await session.run({ feeds: [[x, fed]], fetches: [watch.counts] }))[0] as Tensor;
  const found = watch.first(counts);
  return found && { name: found.operation.name, type: found.operation.type, count: found.count, of: found.of };
}

describe('watching for values that are not finite', () => {
  it('names the operation that gave the first, not those that passed them on, and counts them', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.placeholder('float32', [null]);
    const grown = exp(scope.child('block2'), mul(scope.child('block1'), x, 100));
    const loss = sum(scope.child('loss'), relu(scope.child('block3'), add(scope.child('block3'), grown, 1)));
    const found = await firstIn(graph, x, [0.5, 1, 2, -1], [loss]);
    expect(found).toEqual({ name: 'block2/Exp', type: 'Exp', count: 2, of: 4 });
  });

  it('finds what only a gradient gives', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.placeholder('float32', [null]);
    const loss = sum(scope, sqrt(scope.child('root'), x));
    expect(await firstIn(graph, x, [0, 1], [loss])).toBeUndefined();
    const [slope] = gradients(scope, [loss], [x]) as [Output];
    expect(await firstIn(graph, x, [0, 1], [loss, slope])).toMatchObject({
      name: expect.stringContaining('gradients/') as string,
      count: 1,
      of: 2,
    });
  });

  it('finds what came in from outside, and nothing where all is finite', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.placeholder('float32', [null], { name: 'pictures' });
    const loss = sum(scope, log(scope, add(scope, x, 1)));
    expect(await firstIn(graph, x, [NaN, Infinity, 0], [loss])).toEqual({
      name: 'pictures',
      type: 'Placeholder',
      count: 2,
      of: 3,
    });
    expect(await firstIn(graph, x, [0, 1, 2], [loss])).toBeUndefined();
  });
});
