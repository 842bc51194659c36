import type { Predictions } from '@bluewaters/models';

/** An example that the network got wrong, and by how much. */
export interface Mistake {
  /** In the split. */
  readonly record: number;
  /** Labels, 1-based; the answer may be 0, background. */
  readonly truth: number;
  readonly answer: number;
  /** Cross entropy: how sure the network was of something else. */
  readonly loss: number;
}

/** The examples with the greatest loss of those that were answered wrong, worst first. */
export function worstMistakes({ labels, top, k, losses }: Predictions, most: number): Mistake[] {
  const wrong: Mistake[] = [];
  labels.forEach((truth, record) => {
    const answer = top[record * k] as number;
    if (answer !== truth) wrong.push({ record, truth, answer, loss: losses[record] as number });
  });
  return wrong.sort((a, b) => b.loss - a.loss || a.record - b.record).slice(0, most);
}
