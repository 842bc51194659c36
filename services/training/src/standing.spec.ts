import type { EvaluatedStep } from '@bluewaters/messages';
import { describe, expect, it } from 'vitest';
import { bestOf, epochsSinceBest, hasStalled, upTo, withEvaluation } from './standing.js';

/** Evaluations of epochs of ten steps. */
function evaluated(...shares: number[]): EvaluatedStep[] {
  return shares.map((top1, index) => {
    return { step: 10 * (index + 1), epoch: index + 1, evaluation: { examples: 10, top1, top5: 1, loss: 1 } };
  });
}

describe('the standing of a run', () => {
  it('has as its best the first epoch of those that no other is better than', () => {
    expect(bestOf(evaluated(0.2, 0.7, 0.5, 0.7))?.epoch).toBe(2);
    expect(bestOf([])).toBeUndefined();
  });

  it('has stalled after as many epochs without a better one as it has patience, and never without a limit', () => {
    const shares = [0.2, 0.7, 0.5, 0.7];
    const stalled = shares.map((_, index) => hasStalled(evaluated(...shares.slice(0, index + 1)), 2));
    expect(stalled).toEqual([false, false, false, true]);
    expect(hasStalled(evaluated(0.9, 0, 0, 0), undefined)).toBe(false);
    expect(hasStalled([], 1)).toBe(false);
    expect(epochsSinceBest(evaluated(0.2, 0.7, 0.5, 0.8))).toBe(0);
  });

  it('counts patience in epochs where not each is evaluated', () => {
    const everyThird = evaluated(0.2, 0.2, 0.7, 0.7, 0.7, 0.6).filter(({ epoch }) => epoch % 3 === 0);
    expect(epochsSinceBest(everyThird)).toBe(3);
    expect([3, 4].map((patience) => hasStalled(everyThird, patience))).toEqual([true, false]);
  });

  it('forgets what came after the step that the run goes on from, and judges an epoch made again by its last', () => {
    const evaluations = evaluated(0.2, 0.9, 0.5);
    expect(bestOf(upTo(evaluations, 19))?.epoch).toBe(1);
    expect(withEvaluation(evaluations, evaluated(0.2, 0.3)[1] as EvaluatedStep)).toEqual(evaluated(0.2, 0.3));
  });
});
