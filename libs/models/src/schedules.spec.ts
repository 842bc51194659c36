import { describe, expect, it } from 'vitest';
import { cosineWithWarmup } from './index.js';

describe('cosineWithWarmup', () => {
  const rate = cosineWithWarmup({ peak: 0.4, warmupSteps: 10, totalSteps: 110 });

  it('climbs in equal steps to the peak', () => {
    expect([0, 4, 9].map(rate)).toEqual([0.04, 0.2, 0.4].map((value) => expect.closeTo(value, 12) as number));
  });

  it('is half the peak midway and zero at the end', () => {
    expect(rate(60)).toBeCloseTo(0.2, 12);
    expect(rate(110)).toBeCloseTo(0, 12);
  });

  it('never grows after the warm-up and stays at zero past the end', () => {
    for (let step = 10; step < 130; step += 1) expect(rate(step + 1)).toBeLessThanOrEqual(rate(step));
    expect(rate(500)).toBeCloseTo(0, 12);
  });
});
