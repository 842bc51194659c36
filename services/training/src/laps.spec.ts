import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Laps } from './laps.js';

const BATCH = 8;

describe('the watch of training steps', () => {
  let laps: Laps;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
    laps = new Laps(BATCH);
    laps.start();
  });

  afterEach(() => void vi.useRealTimers());

  /** A step of so many milliseconds, some of them for its pictures and for the exchange of gradients. */
  const step = (whole: number, { input = 0, reduce = 0, steps = 1 } = {}): void => {
    vi.advanceTimersByTime(whole);
    laps.lap({ input: input / 1000, reduce: reduce / 1000 }, steps);
  };
  /** In whole milliseconds. */
  const times = () => {
    const { input, compute, reduce } = laps.times;
    return { input: Math.round(1000 * input), compute: Math.round(1000 * compute), reduce: Math.round(1000 * reduce) };
  };

  it('has nothing to tell before the first step', () => {
    expect(times()).toEqual({ input: 0, compute: 0, reduce: 0 });
    expect([laps.recent, laps.mean]).toEqual([0, undefined]);
  });

  it('splits a step, on average, into waiting, computing and exchange, which add up to it', () => {
    step(100, { input: 20, reduce: 30 });
    step(200, { input: 40, reduce: 10 });
    expect(times()).toEqual({ input: 30, compute: 100, reduce: 20 });
    const { input, compute, reduce } = laps.times;
    expect(laps.recent * (input + compute + reduce)).toBeCloseTo(BATCH, 9);
  });

  it.each([
    ['pictures', { input: 410, reduce: 10 }, { input: 410, compute: 80, reduce: 10 }],
    ['exchange', { input: 10, reduce: 410 }, { input: 10, compute: 80, reduce: 410 }],
    ['arithmetic', { input: 10, reduce: 10 }, { input: 10, compute: 480, reduce: 10 }],
  ])('shows slow %s in that part alone', (_, slow, expected) => {
    step(500, slow);
    expect(times()).toEqual(expected);
  });

  it('leaves no time for computing, and no less, where gradients are under way beside all of it', () => {
    step(100, { input: 60, reduce: 80 });
    expect(times()).toEqual({ input: 60, compute: 0, reduce: 80 });
  });

  it('tells of the last twenty steps, and of the rate also over all', () => {
    step(1000, { input: 900 });
    for (let made = 1; made < 20; made += 1) step(100);
    expect(times().input).toBe(45);
    step(100);
    expect(times()).toEqual({ input: 0, compute: 100, reduce: 0 });
    expect(laps.recent).toBeCloseTo(BATCH / 0.1, 9);
    expect(laps.mean).toBeCloseTo((21 * BATCH) / 3, 9);
  });

  it('counts no time between a pause and the next start, nor what ends meanwhile', () => {
    step(100);
    laps.pause();
    step(5000, { input: 5000 });
    laps.start();
    step(100);
    expect(times()).toEqual({ input: 0, compute: 100, reduce: 0 });
    expect([laps.recent, laps.mean]).toEqual([BATCH / 0.1, BATCH / 0.1]);
  });

  it('counts the steps that others made meanwhile into the rate', () => {
    step(100, { steps: 4 });
    expect(laps.recent).toBe((4 * BATCH) / 0.1);
    expect(laps.mean).toBe((4 * BATCH) / 0.1);
  });
});
