/** What the evaluations of a run say of it. All of it follows from their list, so that resuming restores one list. */
import type { EvaluatedStep } from '@bluewaters/messages';

/** The evaluations so far, of each epoch or of each so many, oldest first. */
export type Evaluations = readonly EvaluatedStep[];

/** The list with one more at its end, in place of those of its step and later ones. */
export function withEvaluation(evaluations: Evaluations, made: EvaluatedStep): Evaluations {
  return [...upTo(evaluations, made.step - 1), made];
}

/** Those up to a step: later ones are of a time before the run had to go back. */
export function upTo(evaluations: Evaluations, step: number): Evaluations {
  return evaluations.filter((one) => one.step <= step);
}

/** The one with the highest top-1, the first of equal ones; undefined of none. */
export function bestOf(evaluations: Evaluations): EvaluatedStep | undefined {
  const highest = Math.max(...evaluations.map(({ evaluation }) => evaluation.top1));
  return evaluations.find(({ evaluation }) => evaluation.top1 === highest);
}

/** Epochs from the best to the last that was evaluated. */
export function epochsSinceBest(evaluations: Evaluations): number {
  const [best, last] = [bestOf(evaluations), evaluations.at(-1)];
  return best && last ? last.epoch - best.epoch : 0;
}

/** Whether a run has become no better for as many epochs as it has patience; never without a limit. */
export function hasStalled(evaluations: Evaluations, patience: number | undefined): boolean {
  return patience !== undefined && epochsSinceBest(evaluations) >= patience;
}
