import type { Progress } from '@bluewaters/messages';
import { describe, expect, it } from 'vitest';
import { ProgressMeter } from './progress-meter.js';

describe('ProgressMeter', () => {
  it('gives the rate over the last seconds, not over the whole time', () => {
    let now = 0;
    let newest: Progress | undefined;
    const meter = new ProgressMeter(
      (progress) => (newest = progress),
      'images',
      () => now,
    );
    meter.update('slow', 0, 1000);
    expect(newest).toEqual({ phase: 'slow', done: 0, total: 1000, unit: 'images' });
    for (let done = 1; done <= 20; done++) {
      now += 1000;
      meter.update('slow', done, 1000);
    }
    expect(newest!.ratePerSecond).toBeCloseTo(1);
    for (let done = 120; done <= 1020; done += 100) {
      now += 1000;
      meter.update('fast', done, 1000);
    }
    expect(newest).toMatchObject({ phase: 'fast', done: 1020, total: 1020, ratePerSecond: 100 });
  });

  it('reports a thousand quick updates once, and the last one always', () => {
    const reports: Progress[] = [];
    const meter = new ProgressMeter(
      (progress) => reports.push(progress),
      'images',
      () => 5,
    );
    for (let done = 0; done < 1000; done++) meter.update('x', done);
    meter.last('x', 1000, undefined, ['two were left out']);
    expect(reports).toEqual([
      { phase: 'x', done: 0, unit: 'images' },
      { phase: 'x', done: 1000, unit: 'images', notices: ['two were left out'] },
    ]);
  });
});
