import { describe, expect, it } from 'vitest';
import { classificationMetrics } from './index.js';

describe('classificationMetrics', () => {
  // Outputs: 0 is background, classes are 1, 2, 3; k is 2.
  const predictions = {
    labels: Int32Array.of(1, 1, 2, 3),
    top: Int32Array.of(1, 2, 2, 1, 2, 3, 1, 2),
    k: 2,
    losses: Float32Array.of(0.1, 0.9, 0.2, 2.8),
    outputs: 4,
  };

  it('counts the first guess for top-1, any of the k for top-5, and the mean loss', async () => {
    const metrics = await classificationMetrics(predictions);
    expect(metrics.examples).toBe(4);
    expect(metrics.top1).toBeCloseTo(2 / 4, 6);
    expect(metrics.top5).toBeCloseTo(3 / 4, 6);
    expect(metrics.loss).toBeCloseTo(1, 6);
  });

  it('puts the true class in the row and the guess in the column, without background', async () => {
    const { confusion } = await classificationMetrics(predictions);
    expect(confusion).toEqual([
      [1, 1, 0],
      [0, 1, 0],
      [1, 0, 0],
    ]);
  });

  it('has one count for each example in the confusion matrix', async () => {
    const { confusion } = await classificationMetrics(predictions);
    expect(confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(4);
  });
});
