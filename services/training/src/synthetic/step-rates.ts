/** How fast steps were, as `tf_cnn_benchmarks` tells it. */
export interface StepRates {
  /** Images a second, mean over the steps. */
  readonly mean: number;
  /** Standard error of that mean. */
  readonly uncertainty: number;
  /** Scaled median distance from the median rate: the spread, whatever a few slow steps do. */
  readonly jitter: number;
}

/** What the median distance of normally distributed values has to be multiplied by to give their deviation. */
const DEVIATIONS_PER_MEDIAN_DISTANCE = 1.4826;

/**
 * @param seconds Of each step; at least one.
 * @param batch Images a step.
 */
export function stepRates(seconds: readonly number[], batch: number): StepRates {
  const rates = seconds.map((one) => batch / one);
  const mean = average(rates);
  const deviation = Math.sqrt(average(rates.map((rate) => (rate - mean) ** 2)));
  const middle = median(rates);
  return {
    mean,
    uncertainty: deviation / Math.sqrt(rates.length),
    jitter: DEVIATIONS_PER_MEDIAN_DISTANCE * median(rates.map((rate) => Math.abs(rate - middle))),
  };
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
