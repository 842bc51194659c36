import { describe, expect, it } from 'vitest';
import { momentsOf } from './moments.js';

describe('moments', () => {
  it('are those of scipy.stats.describe', () => {
    // Of [1, 1, 1, 1, 2, 2, 3, 7], by its definitions in Python.
    const moments = momentsOf(new Map([[1, 4], [2, 2], [3, 1], [7, 1]])); // prettier-ignore
    expect(moments).toMatchObject({ count: 8, minimum: 1, maximum: 7, mean: 2.25 });
    expect(moments?.variance).toBeCloseTo(4.214285714285714, 12);
    expect(moments?.skewness).toBeCloseTo(1.7608601858084314, 12);
    expect(moments?.kurtosis).toBeCloseTo(1.7724791726515372, 12);
  });

  it('of one number, or of the same number again and again, have no spread', () => {
    for (const times of [1, 9]) {
      expect(momentsOf(new Map([[4, times]]))).toEqual({
        ...{ count: times, minimum: 4, maximum: 4, mean: 4 },
        ...{ variance: 0, skewness: 0, kurtosis: 0 },
      });
    }
    expect(momentsOf(new Map([[4, 0]]))).toBeUndefined();
  });
});
