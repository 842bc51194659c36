/** The learning rate of a run, step by step, as its hyperparameters say. */
import { CodedError } from '@bluewaters/errors';
import { schedules, type Schedule } from '@bluewaters/tensorflow';
import type { RateSettings } from './hyperparameters.js';

/** How long a run is, in optimiser updates. */
export interface RunLength {
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
}

/**
 * The rate at each step: up to the peak in equal steps, and down again.
 *
 * @throws {CodedError} CONFIG_INVALID when the schedule needs `decayEpochs` that are not given, or not rising.
 */
export function learningRate(settings: RateSettings, length: RunLength): Schedule {
  const climb = climbSteps(settings, length);
  const fall = fallFrom(peakRate(settings), settings, { ...length, climb });
  return schedules.warmUp(fall, { steps: climb, from: settings.warmUpFrom ?? 0 });
}

/**
 * The rate at the top, for the batch that is trained with.
 * @see Goyal et al. 2017, section 2.1, for `linear`; Krizhevsky 2014, section 5, for `square-root`.
 */
export function peakRate(settings: RateSettings): number {
  const { batch, learningRate: rate, rateScaling = 'none', rateScalingBatch = 256 } = settings;
  if (rateScaling === 'none') return rate;
  const growth = batch / rateScalingBatch;
  return rate * (rateScaling === 'linear' ? growth : Math.sqrt(growth));
}

function climbSteps({ warmUpEpochs }: RateSettings, { stepsPerEpoch, totalSteps }: RunLength): number {
  if (warmUpEpochs === undefined) return Math.min(stepsPerEpoch, Math.ceil(totalSteps / 10));
  return Math.min(totalSteps, Math.round(warmUpEpochs * stepsPerEpoch));
}

/** From the peak down; its step 0 is the run's step `climb`. */
function fallFrom(peak: number, settings: RateSettings, length: RunLength & { readonly climb: number }): Schedule {
  const { decayFactor: factor = 0.1, decayPower: power = 1, endLearningRate: end = 0 } = settings;
  const steps = Math.max(1, length.totalSteps - length.climb);
  switch (settings.schedule ?? 'cosine') {
    case 'constant':
      return schedules.constant(peak);
    case 'cosine':
      return schedules.cosine({ initial: peak, steps, end });
    case 'polynomial':
      return schedules.polynomial({ initial: peak, steps, end, power });
    case 'exponential':
    case 'smooth-exponential': {
      const [epochs] = decayEpochsOf(settings, 1);
      const staircase = settings.schedule === 'exponential';
      return schedules.exponential({ initial: peak, steps: epochs * length.stepsPerEpoch, factor, staircase });
    }
    case 'steps': {
      const epochs = decayEpochsOf(settings);
      // A rate holds up to and including its boundary, and boundaries count from the end of the climb.
      const boundaries = epochs.map((epoch) => Math.round(epoch * length.stepsPerEpoch) - length.climb - 1);
      const rates = [peak, ...epochs.map((_, falls) => peak * factor ** (falls + 1))];
      return schedules.piecewise({ boundaries, rates });
    }
  }
}

function decayEpochsOf({ schedule, decayEpochs = [] }: RateSettings, count?: number): [number, ...number[]] {
  const [first, ...rest] = decayEpochs;
  if (first !== undefined && (count === undefined || rest.length + 1 === count)) return [first, ...rest];
  throw new CodedError('CONFIG_INVALID', `The schedule ${schedule} falls at epochs that must be given`, {
    details: {
      field: 'decayEpochs',
      expected: count === 1 ? 'one number' : 'a list',
      got: decayEpochs.join() || 'none',
    },
  });
}
