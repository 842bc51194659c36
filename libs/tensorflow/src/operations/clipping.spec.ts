import { expect, it } from 'vitest';
import { clipByGlobalNorm, clipByNorm, clipByValue, Graph, Session, type Output, type Scope } from '../index.js';

async function evaluated(build: (scope: Scope) => readonly Output[]): Promise<number[][]> {
  using graph = new Graph();
  const outputs = build(graph.scope());
  using session = new Session(graph);
  return (await session.run({ fetches: outputs })).map((tensor) => {
    using owned = tensor;
    return Array.from(owned.values(), Number);
  });
}

const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 6) as number);

it('clipping by value cuts each element off', async () => {
  expect(await evaluated((s) => [clipByValue(s, s.constant([-5, 0.5, 5]), [-1, 2])])).toEqual([[-1, 0.5, 2]]);
});

it('clipping by norm keeps the direction, and what is short enough as it is', async () => {
  const [long, short, zero] = await evaluated((s) => [
    clipByNorm(s, s.constant([3, -4]), 1),
    clipByNorm(s, s.constant([0.3, -0.4]), 1),
    clipByNorm(s, s.constant([0, 0]), 1),
  ]);
  expect(long).toEqual(close([0.6, -0.8]));
  expect(short).toEqual(close([0.3, -0.4]));
  expect(zero).toEqual([0, 0]);
});

it('clipping by the common norm scales all tensors by one factor, and tells the norm', async () => {
  const clip = (limit: number) =>
    evaluated((s) => {
      const { clipped, norm } = clipByGlobalNorm(s, [s.constant([3]), s.constant([[0, 4]])], limit);
      return [...clipped, norm];
    });
  expect(await clip(1)).toEqual([close([0.6]), close([0, 0.8]), close([5])]);
  expect(await clip(10)).toEqual([close([3]), close([0, 4]), close([5])]);
});

it('clipping by a common norm that is not finite gives nothing that could pass for a gradient', async () => {
  for (const broken of [Infinity, NaN]) {
    const values = await evaluated((s) => clipByGlobalNorm(s, [s.constant([1]), s.constant([broken, 1])], 1).clipped);
    expect(values.flat().every(Number.isNaN)).toBe(true);
  }
});
