import type { Predictions } from '@bluewaters/models';
import { Gathered } from './gathered.js';

/** A probability of zero would make one example's loss infinite, and the mean with it. */
const LEAST_PROBABILITY = 1e-12;
const GUESSES = 5;

/** Gathers what a model said of the examples of a split, from probabilities. */
export class Guesses {
  readonly #gathered: Gathered;
  readonly #outputs: number;
  readonly #k: number;

  /** @param capacity Examples of the split. @param outputs Of the model: classes + 1. */
  constructor(capacity: number, outputs: number) {
    this.#outputs = outputs;
    this.#k = Math.min(GUESSES, outputs);
    this.#gathered = new Gathered(capacity, { k: this.#k, outputs });
  }

  /** Gathered so far. */
  get examples(): number {
    return this.#gathered.examples;
  }

  /** @param labels True outputs. @param probabilities [labels, outputs], row by row. */
  add(labels: readonly number[], probabilities: Float32Array): void {
    const rows = labels.map((_, row) => probabilities.subarray(row * this.#outputs, (row + 1) * this.#outputs));
    this.#gathered.add({
      labels,
      top: rows.flatMap((its) => mostProbable(its, this.#k)),
      losses: rows.map((its, row) => -Math.log(Math.max(LEAST_PROBABILITY, its[labels[row] as number] ?? 0))),
    });
  }

  /** Of all that was gathered. */
  predictions(): Predictions {
    return this.#gathered.predictions();
  }
}

/** Indices of the k largest, largest first; of equal ones the lower comes first, as in TensorFlow's TopK. */
function mostProbable(probabilities: Float32Array, k: number): number[] {
  const top: number[] = [];
  probabilities.forEach((probability, index) => {
    const least = top.length < k ? -Infinity : (probabilities[top[k - 1] as number] as number);
    if (probability <= least) return;
    const place = top.findIndex((other) => (probabilities[other] as number) < probability);
    top.splice(place < 0 ? top.length : place, 0, index);
    if (top.length > k) top.pop();
  });
  return top;
}
