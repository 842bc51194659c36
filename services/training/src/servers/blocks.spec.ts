import { describe, expect, it } from 'vitest';
import { blockAt, blocksThrough, blockStepsOf } from './blocks.js';

const PLANS = [0, 1, 6, 7, 13, 25].flatMap((first) =>
  [1, 2, 7, 12].flatMap((stepsPerEpoch) =>
    [1, 2, 5, 16].map((blockSteps) => ({ first, stepsPerEpoch, blockSteps: Math.min(blockSteps, stepsPerEpoch) })),
  ),
);

describe('portions of a run', () => {
  it('hold every step from the first on once, in order, and none of two epochs', () => {
    for (const plan of PLANS) {
      const last = Math.floor(plan.first / plan.stepsPerEpoch) + 2;
      let expected = plan.first;
      for (let number = 0; number < blocksThrough(last, plan); number += 1) {
        const { from, until } = blockAt(number, plan);
        expect(from).toBe(expected);
        expect(until).toBeGreaterThan(from);
        expect(Math.floor((until - 1) / plan.stepsPerEpoch)).toBe(Math.floor(from / plan.stepsPerEpoch));
        expected = until;
      }
      expect(expected).toBe((last + 1) * plan.stepsPerEpoch);
    }
  });

  it('are several for each worker, where there are steps enough', () => {
    for (const workers of [1, 3, 16]) {
      expect(Math.ceil(1000 / blockStepsOf(1000, workers))).toBeGreaterThanOrEqual(4 * workers - 3);
      expect(blockStepsOf(2, workers)).toBe(1);
    }
  });
});
