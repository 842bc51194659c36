import { describe, expect, it } from 'vitest';
import { normaliseBox } from './index.js';

const scale = { width: 200, height: 100 };
const box = (xmin: number, ymin: number, xmax: number, ymax: number) => ({ xmin, ymin, xmax, ymax });

describe('a box of an annotation', () => {
  it.each([
    ['inside', box(20, 30, 180, 90), { box: box(0.1, 0.3, 0.9, 0.9) }],
    ['the whole picture', box(0, 0, 200, 100), { box: box(0, 0, 1, 1) }],
    ['reaching out on every side', box(-40, -1, 300, 500), { box: box(0, 0, 1, 1), fault: 'clipped' }],
    ['reaching out on one side', box(50, 25, 250, 50), { box: box(0.25, 0.25, 1, 0.5), fault: 'clipped' }],
    ['with its left and right exchanged', box(180, 30, 20, 90), { fault: 'reversed' }],
    ['with its top and bottom exchanged', box(20, 90, 180, 30), { fault: 'reversed' }],
    ['without width', box(20, 30, 20, 90), { fault: 'empty' }],
    ['wholly outside', box(210, 30, 300, 90), { fault: 'empty' }],
  ])('%s becomes shares of its picture, or says why not', (_, raw, expected) => {
    expect(normaliseBox(raw, scale)).toEqual(expected);
  });

  it('gives the same shares at any size of the picture', () => {
    for (const factor of [0.005, 0.5, 2, 1000]) {
      const raw = box(30 * factor, 10 * factor, 120 * factor, 80 * factor);
      const { box: shares } = normaliseBox(raw, { width: 200 * factor, height: 100 * factor });
      expect(shares?.xmin).toBeCloseTo(0.15, 12);
      expect(shares?.ymax).toBeCloseTo(0.8, 12);
    }
  });
});
