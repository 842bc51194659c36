import type { Predictions } from '@bluewaters/models';

/** A probability of zero would make one example's loss infinite, and the mean with it. */
const LEAST_PROBABILITY = 1e-12;
const GUESSES = 5;

/** Gathers what a model said of the examples of a split, from probabilities. */
export class Guesses {
  /** Gathered so far. */
  examples = 0;
  readonly #labels: Int32Array;
  readonly #top: Int32Array;
  readonly #losses: Float32Array;
  readonly #outputs: number;
  readonly #k: number;

  /** @param capacity Examples of the split. @param outputs Of the model: classes + 1. */
  constructor(capacity: number, outputs: number) {
    this.#outputs = outputs;
    this.#k = Math.min(GUESSES, outputs);
    this.#labels = new Int32Array(capacity);
    this.#top = new Int32Array(capacity * this.#k);
    this.#losses = new Float32Array(capacity);
  }

  /** @param labels True outputs. @param probabilities [labels, outputs], row by row. */
  add(labels: readonly number[], probabilities: Float32Array): void {
    labels.forEach((label, row) => {
      const its = probabilities.subarray(row * this.#outputs, (row + 1) * this.#outputs);
      this.#labels[this.examples] = label;
      this.#losses[this.examples] = -Math.log(Math.max(LEAST_PROBABILITY, its[label] ?? 0));
      this.#top.set(mostProbable(its, this.#k), this.examples * this.#k);
      this.examples += 1;
    });
  }

  /** Of all that was gathered. */
  predictions(): Predictions {
    const { examples } = this;
    return {
      labels: this.#labels.subarray(0, examples),
      top: this.#top.subarray(0, examples * this.#k),
      losses: this.#losses.subarray(0, examples),
      k: this.#k,
      outputs: this.#outputs,
    };
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
