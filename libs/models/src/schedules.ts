/** The learning rate at a step; a pure function, so that a resumed run goes on with the very same rates. */
export type Schedule = (step: number) => number;

/**
 * Linear warm-up from zero, then a half cosine down to zero at `totalSteps`.
 *
 * @param options `peak` is the rate after `warmupSteps`; steps count from 0.
 * @see Goyal et al. 2017, section 2.2, for the warm-up; Loshchilov and Hutter 2017 for the cosine.
 */
export function cosineWithWarmup(options: {
  readonly peak: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
}): Schedule {
  const { peak, warmupSteps, totalSteps } = options;
  return (step) => {
    if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
    const share = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
    return (peak * (1 + Math.cos(Math.PI * share))) / 2;
  };
}
