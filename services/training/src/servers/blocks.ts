/**
 * The steps of a run in the portions that workers take of them while they train asynchronously: some steps of one epoch,
 * one after the other, so that reading and decoding go ahead within each. Whoever has made one takes the next, so the
 * quick do more than the slow.
 */

/** What the portions follow from. */
export interface BlockPlan {
  /** The step that the first portion begins with. */
  readonly first: number;
  readonly stepsPerEpoch: number;
  /** Steps of a portion; the last of an epoch may have fewer. */
  readonly blockSteps: number;
}

/** Some steps of a run, counted from its beginning. */
export interface Block {
  readonly from: number;
  /** The first that is not of it. */
  readonly until: number;
}

/** The most steps of a portion: a worker that is lost holds no more up. */
const MOST_STEPS = 16;
/** Portions of an epoch for each worker at least, so that none has long to wait for the last. */
const FOR_EACH_WORKER = 4;

/** The steps of a portion in a run of some workers. */
export function blockStepsOf(stepsPerEpoch: number, workers: number): number {
  return Math.min(MOST_STEPS, Math.ceil(stepsPerEpoch / (FOR_EACH_WORKER * workers)));
}

/** The steps of the portion of a number, from 0. */
export function blockAt(number: number, plan: BlockPlan): Block {
  const { first, stepsPerEpoch, blockSteps } = plan;
  const firstEpoch = Math.floor(first / stepsPerEpoch);
  const begun = blocksOf((firstEpoch + 1) * stepsPerEpoch - first, blockSteps);
  const perEpoch = blocksOf(stepsPerEpoch, blockSteps);
  const later = Math.floor((number - begun) / perEpoch);
  const epoch = number < begun ? firstEpoch : firstEpoch + 1 + later;
  const start = number < begun ? first : epoch * stepsPerEpoch;
  const within = number < begun ? number : number - begun - later * perEpoch;
  const from = start + within * blockSteps;
  return { from, until: Math.min(from + blockSteps, (epoch + 1) * stepsPerEpoch) };
}

/** How many portions there are up to the end of an epoch. */
export function blocksThrough(epoch: number, { first, stepsPerEpoch, blockSteps }: BlockPlan): number {
  const firstEpoch = Math.floor(first / stepsPerEpoch);
  const begun = blocksOf((firstEpoch + 1) * stepsPerEpoch - first, blockSteps);
  return begun + (epoch - firstEpoch) * blocksOf(stepsPerEpoch, blockSteps);
}

function blocksOf(steps: number, blockSteps: number): number {
  return Math.ceil(steps / blockSteps);
}
