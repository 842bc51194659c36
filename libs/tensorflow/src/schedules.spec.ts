import { describe, expect, it } from 'vitest';
import { schedules, type Schedule } from './index.js';

const { constant, cosine, exponential, piecewise, polynomial, scaledFor, warmUp } = schedules;

const at = (schedule: Schedule, steps: readonly number[]) => steps.map(schedule);
const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 12) as number);

describe('schedules', () => {
  it('stay at one rate, or step from rate to rate after each boundary', () => {
    expect(at(constant(0.3), [0, 10])).toEqual([0.3, 0.3]);
    const steps = piecewise({ boundaries: [10, 20], rates: [1, 0.1, 0.01] });
    expect(at(steps, [0, 10, 11, 20, 21, 1000])).toEqual([1, 1, 0.1, 0.1, 0.01, 0.01]);
  });

  it('fall to the end along a power, and stay there', () => {
    const square = polynomial({ initial: 1, end: 0.2, steps: 10, power: 2 });
    expect(at(square, [0, 5, 10, 11])).toEqual(close([1, 0.2 + 0.8 * 0.25, 0.2, 0.2]));
    expect(at(polynomial({ initial: 1, steps: 4 }), [0, 1, 2, 3, 4])).toEqual(close([1, 0.75, 0.5, 0.25, 0]));
  });

  it('fall by a factor, evenly or at once', () => {
    const options = { initial: 0.1, steps: 10, factor: 0.25 };
    expect(at(exponential(options), [0, 5, 10, 20])).toEqual(close([0.1, 0.05, 0.025, 0.00625]));
    expect(at(exponential({ ...options, staircase: true }), [0, 9, 10, 19, 20])).toEqual(
      close([0.1, 0.1, 0.025, 0.025, 0.00625]),
    );
  });

  it('fall along half a cosine and never grow', () => {
    const half = cosine({ initial: 0.4, steps: 100 });
    expect(at(half, [0, 50, 100, 500])).toEqual(close([0.4, 0.2, 0, 0]));
    for (let step = 0; step < 130; step += 1) expect(half(step + 1)).toBeLessThanOrEqual(half(step));
    expect(cosine({ initial: 0.4, end: 0.1, steps: 100 })(100)).toBeCloseTo(0.1, 12);
  });

  it('climb in equal steps to where another one starts, and go on with it', () => {
    const rate = warmUp(polynomial({ initial: 0.4, steps: 10 }), { steps: 4 });
    expect(at(rate, [0, 1, 2, 3, 4, 9, 14])).toEqual(close([0.1, 0.2, 0.3, 0.4, 0.4, 0.2, 0]));
    expect(at(warmUp(constant(0.8), { steps: 4, from: 0.4 }), [0, 3, 4])).toEqual(close([0.5, 0.8, 0.8]));
    expect(at(warmUp(constant(0.8), { steps: 0 }), [0, 1])).toEqual([0.8, 0.8]);
  });

  it('grow with the world as it does, or as its root', () => {
    const one = exponential({ initial: 0.1, steps: 10, factor: 0.5 });
    expect(scaledFor(1, one)(7)).toBe(one(7));
    expect(scaledFor(16, one)(7)).toBeCloseTo(16 * one(7), 12);
    expect(scaledFor(16, one, 'square-root')(7)).toBeCloseTo(4 * one(7), 12);
  });

  it('are refused when their parts do not fit', () => {
    const refused = (field: string) =>
      expect.objectContaining({ code: 'CONFIG_INVALID', details: expect.objectContaining({ field }) });
    expect(() => piecewise({ boundaries: [1], rates: [1] })).toThrowError(refused('rates'));
    expect(() => piecewise({ boundaries: [2, 2], rates: [1, 2, 3] })).toThrowError(refused('rates'));
    expect(() => scaledFor(0, constant(1))).toThrowError(refused('worldSize'));
  });
});
