import { describe, expect, it } from 'vitest';
import { positionAt, stepsInEpoch } from './position.js';

describe('positionAt', () => {
  it('gives every step exactly one place', () => {
    const places = Array.from({ length: 30 }, (_, step) => positionAt(step, 7));
    expect(places.map(({ epoch, stepInEpoch }) => epoch * 7 + stepInEpoch)).toEqual(places.map(({ step }) => step));
  });
});

describe('stepsInEpoch', () => {
  it.each([
    [100, 10, 10],
    [101, 10, 11],
    [5, 10, 1],
  ])('covers %i examples in batches of %i by %i steps', (examples, batch, steps) => {
    expect(stepsInEpoch(examples, batch)).toBe(steps);
  });
});
