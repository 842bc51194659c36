import { describe, expect, it } from 'vitest';
import { stepRates } from './step-rates.js';

describe('the rates of steps', () => {
  it('of equal steps have neither uncertainty nor jitter', () => {
    expect(stepRates([2, 2, 2], 8)).toEqual({ mean: 4, uncertainty: 0, jitter: 0 });
  });

  it('tell how far steps lie apart, and how much less their mean is in doubt', () => {
    // Rates 2, 4, 6, 8: mean 5, variance 5, distances from the median of 5 are 3, 1, 1, 3.
    const { mean, uncertainty, jitter } = stepRates([4, 2, 8 / 6, 1], 8);
    expect(mean).toBeCloseTo(5);
    expect(uncertainty).toBeCloseTo(Math.sqrt(5) / 2);
    expect(jitter).toBeCloseTo(1.4826 * 2);
  });

  it('hardly change their jitter for one slow step', () => {
    const steady = [1, 1.01, 0.99, 1.02, 0.98];
    expect(stepRates([...steady, 100], 8).jitter).toBeLessThan(2 * stepRates(steady, 8).jitter);
  });
});
