/** Where in the run a step lies. Everything that varies over a run follows from it, so resuming restores one number. */
export interface Position {
  /** Optimiser updates made so far. */
  readonly step: number;
  /** Passes over the training split completed so far. */
  readonly epoch: number;
  /** Updates made in the current epoch. */
  readonly stepInEpoch: number;
}

/** The position after `step` updates. */
export function positionAt(step: number, stepsPerEpoch: number): Position {
  return { step, epoch: Math.floor(step / stepsPerEpoch), stepInEpoch: step % stepsPerEpoch };
}

/** Steps that make one epoch: the last batch is filled up by repetition, so no example is ever dropped. */
export function stepsInEpoch(examples: number, batch: number): number {
  return Math.ceil(examples / batch);
}
