import { describe, expect, it } from 'vitest';
import { learningRate, peakRate, recipeByName, type RateSettings } from './index.js';

const RUN = { stepsPerEpoch: 10, totalSteps: 100 };
const SETTINGS: RateSettings = { batch: 256, learningRate: 1 };

describe('the learning rate of a run', () => {
  it('climbs for an epoch, but a tenth of the run at most, and falls along a cosine, where nothing else is asked', () => {
    const rate = learningRate(SETTINGS, RUN);
    expect([0, 4, 9].map(rate)).toEqual([0.1, 0.5, 1]);
    expect(rate(10)).toBe(1);
    expect(rate(55)).toBeCloseTo(0.5, 12);
    expect(rate(100)).toBeCloseTo(0, 12);
    expect(learningRate(SETTINGS, { stepsPerEpoch: 469, totalSteps: 3 * 469 })(140)).toBe(1); // ⌈1407 / 10⌉ steps
  });

  it('falls at the epochs of the run, whatever the climb takes', () => {
    const settings: RateSettings = { ...SETTINGS, schedule: 'steps', decayEpochs: [3, 6], decayFactor: 0.5 };
    const rate = learningRate({ ...settings, warmUpEpochs: 2, warmUpFrom: 0.5 }, RUN);
    expect([0, 19, 29, 30, 59, 60, 99].map(rate)).toEqual([0.525, 1, 1, 0.5, 0.5, 0.25, 0.25]);
    expect([29, 30].map(learningRate({ ...settings, warmUpEpochs: 0 }, RUN))).toEqual([1, 0.5]);
  });

  it('makes one cycle of a climb and a straight line, and a staircase of falls at equal distances', () => {
    const cycle = learningRate({ ...SETTINGS, schedule: 'polynomial', warmUpEpochs: 4 }, RUN);
    expect([19, 39, 70, 100].map(cycle)).toEqual([0.5, 1, 0.5, 0]);
    const stairs = {
      ...SETTINGS,
      schedule: 'exponential',
      decayEpochs: [2],
      decayFactor: 0.9,
      warmUpEpochs: 0,
    } as const;
    expect([0, 19, 20].map(learningRate(stairs, RUN))).toEqual([1, 1, 0.9]);
  });

  it('falls evenly through the corners of the staircase where it is to be smooth', () => {
    const settings = { ...SETTINGS, decayEpochs: [2], decayFactor: 0.81, warmUpEpochs: 0 } as const;
    const stairs = learningRate({ ...settings, schedule: 'exponential' }, RUN);
    const smooth = learningRate({ ...settings, schedule: 'smooth-exponential' }, RUN);
    expect([0, 20, 60].map(smooth)).toEqual([0, 20, 60].map(stairs));
    expect([10, 30].map(smooth)).toEqual([expect.closeTo(0.9, 12), expect.closeTo(0.9 ** 3, 12)]);
  });

  it('grows with the batch linearly, with its root, or not at all', () => {
    const settings = { batch: 1024, learningRate: 0.1, rateScalingBatch: 64 };
    expect(peakRate({ ...settings, rateScaling: 'linear' })).toBeCloseTo(1.6, 12);
    expect(peakRate({ ...settings, rateScaling: 'square-root' })).toBeCloseTo(0.4, 12);
    expect(peakRate(settings)).toBe(0.1);
  });

  it.each([
    ['exponential', undefined],
    ['smooth-exponential', [1, 2]],
  ] as const)('needs one distance between falls where it is %s: not %j', (schedule, decayEpochs) => {
    expect(() => learningRate({ ...SETTINGS, schedule, decayEpochs }, RUN)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });

  it('of the recipes is what their papers say', () => {
    const goyal = recipeByName('goyal').hyperparameters;
    const large = learningRate({ ...goyal, batch: 8192 }, RUN);
    expect([49, 299, 300].map((step) => large(step))).toEqual([3.2, 3.2, expect.closeTo(0.32, 12)]);
    expect(large(0)).toBeCloseTo(0.1 + 3.1 / 50, 12); // from the rate of one worker
    const root = recipeByName('tf-cnn-benchmarks-2018-nesterov').hyperparameters;
    expect(peakRate(root)).toBeCloseTo(0.4 * Math.sqrt(16), 12);
  });
});
