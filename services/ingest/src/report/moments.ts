/** How numbers are spread, by the definitions of `scipy.stats.describe`. */
export interface Moments {
  readonly count: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly mean: number;
  /** Of a sample: divided by `count - 1`. */
  readonly variance: number;
  /** Third central moment over the 1.5th power of the second; 0 where all numbers are the same. */
  readonly skewness: number;
  /** Fourth central moment over the square of the second, less 3: 0 for a normal distribution, and where all are the same. */
  readonly kurtosis: number;
}

/**
 * Moments of numbers that are given by how often each occurs.
 *
 * @returns undefined for no numbers at all.
 */
export function momentsOf(occurrences: ReadonlyMap<number, number>): Moments | undefined {
  const values = [...occurrences].filter(([, times]) => times > 0);
  const count = values.reduce((sum, [, times]) => sum + times, 0);
  if (count === 0) return undefined;
  const mean = values.reduce((sum, [value, times]) => sum + value * times, 0) / count;
  const central = (power: number): number =>
    values.reduce((sum, [value, times]) => sum + (value - mean) ** power * times, 0) / count;
  const second = central(2);
  return {
    count,
    minimum: Math.min(...values.map(([value]) => value)),
    maximum: Math.max(...values.map(([value]) => value)),
    mean,
    variance: count > 1 ? (second * count) / (count - 1) : 0,
    skewness: second > 0 ? central(3) / second ** 1.5 : 0,
    kurtosis: second > 0 ? central(4) / second ** 2 - 3 : 0,
  };
}
