import { describe, expect, it } from 'vitest';
import { earliestOf, type FirstNonFinite } from './divergence.js';

const found = (rank: number, step: number, place: number): FirstNonFinite => {
  return { rank, step, place, name: `at-${place}`, type: 'Mul', count: 1, of: 2 };
};

describe('of what several ranks found where a loss was lost', () => {
  it('the cause is what comes first: by step, then in the graph, where an exchange is behind what it brought', () => {
    const exchanged = found(0, 7, 30);
    const brought = found(1, 7, 12);
    expect(earliestOf([exchanged, brought, found(2, 8, 1)])).toBe(brought);
  });

  it('one of the first rank is told where others found the same', () => {
    expect(earliestOf([found(1, 7, 12), found(0, 7, 12)])).toMatchObject({ rank: 0 });
  });

  it('there may be none', () => {
    expect(earliestOf([])).toBeUndefined();
  });
});
