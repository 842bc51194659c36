/** Schedules of the learning rate. Steps count from 0; a rate holds for the step that is about to be made. */
import { CodedError } from '@bluewaters/errors';

/** The learning rate at a step: a pure function, so that a resumed run goes on with the very same rates. */
export type Schedule = (step: number) => number;

/** The same rate at every step. */
export function constant(rate: number): Schedule {
  return () => rate;
}

/**
 * One rate after the other.
 *
 * @param options `rates[0]` holds up to and including step `boundaries[0]`, as in Keras; `rates` has one more.
 * @throws {CodedError} CONFIG_INVALID when the lengths do not fit or the boundaries do not rise.
 * @see `tf.keras.optimizers.schedules.PiecewiseConstantDecay`
 */
export function piecewise(options: {
  readonly boundaries: readonly number[];
  readonly rates: readonly number[];
}): Schedule {
  const { boundaries, rates } = options;
  const rising = boundaries.every((boundary, i) => i === 0 || boundary > (boundaries[i - 1] as number));
  if (!rising || rates.length !== boundaries.length + 1) {
    throw new CodedError('CONFIG_INVALID', 'A schedule needs rising boundaries, and one rate more than boundaries', {
      details: { field: 'rates', expected: String(boundaries.length + 1), got: String(rates.length) },
    });
  }
  return (step) => {
    const passed = boundaries.findIndex((boundary) => step <= boundary);
    return rates[passed < 0 ? boundaries.length : passed] as number;
  };
}

/** From one rate to another over a number of steps. */
export interface Decay {
  /** The rate at step 0. */
  readonly initial: number;
  /** Steps until the last rate, or between two falls. */
  readonly steps: number;
}

/**
 * A power of the steps that remain: `(initial - end) · (1 - step / steps) ^ power + end`.
 *
 * @param options `end` is 0 and `power` 1, a straight line, by default.
 * @see `tf.keras.optimizers.schedules.PolynomialDecay`
 */
export function polynomial(options: Decay & { readonly end?: number; readonly power?: number }): Schedule {
  const { initial, steps, end = 0, power = 1 } = options;
  return (step) => (initial - end) * Math.pow(1 - Math.min(step, steps) / steps, power) + end;
}

/**
 * The rate times `factor` in every `steps` steps, evenly or at once.
 *
 * @param options `staircase` lets it fall at the multiples of `steps` only; false by default.
 * @see `tf.keras.optimizers.schedules.ExponentialDecay`
 */
export function exponential(options: Decay & { readonly factor: number; readonly staircase?: boolean }): Schedule {
  const { initial, steps, factor, staircase = false } = options;
  return (step) => initial * Math.pow(factor, staircase ? Math.floor(step / steps) : step / steps);
}

/**
 * Half a cosine from `initial` down to `end`, which is 0 by default.
 *
 * @see Loshchilov and Hutter 2017, equation 5, without restarts; `tf.keras.optimizers.schedules.CosineDecay`
 */
export function cosine({ initial, steps, end = 0 }: Decay & { readonly end?: number }): Schedule {
  return (step) => end + ((initial - end) * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps))) / 2;
}

/**
 * Climbs to the first rate of a schedule in equal steps, and goes on with it from its step 0.
 *
 * @param options `steps` of the climb, after the last of which the first rate is reached; it starts one step above
 * `from`, 0 by default.
 * @see Goyal et al. 2017, section 2.2; there `from` is the rate for one worker.
 */
export function warmUp(schedule: Schedule, options: { readonly steps: number; readonly from?: number }): Schedule {
  const { steps, from = 0 } = options;
  return (step) => (step < steps ? from + ((schedule(0) - from) * (step + 1)) / steps : schedule(step - steps));
}

/** How the rate grows with the batch: as fast as it, or as its square root. */
export type ScalingRule = 'linear' | 'square-root';

/**
 * A schedule that was found for one worker, for `worldSize` of them with as large a batch each.
 *
 * @throws {CodedError} CONFIG_INVALID when the world size is not a whole number from 1.
 * @see Goyal et al. 2017, section 2.1, for 'linear'; Krizhevsky 2014, section 5, for 'square-root'.
 */
export function scaledFor(worldSize: number, schedule: Schedule, rule: ScalingRule = 'linear'): Schedule {
  if (!Number.isInteger(worldSize) || worldSize < 1) {
    throw new CodedError('CONFIG_INVALID', 'A world has at least one rank', {
      details: { field: 'worldSize', expected: 'a whole number from 1', got: String(worldSize) },
    });
  }
  const factor = rule === 'linear' ? worldSize : Math.sqrt(worldSize);
  return (step) => factor * schedule(step);
}
