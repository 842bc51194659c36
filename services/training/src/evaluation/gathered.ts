import type { Predictions } from '@bluewaters/models';

/** What was said of some examples. */
export interface GatheredBatch {
  /** True outputs, one an example. */
  readonly labels: ArrayLike<number>;
  /** [examples, k]: the most probable outputs of each, most probable first. */
  readonly top: ArrayLike<number>;
  /** Cross entropy of each. */
  readonly losses: ArrayLike<number>;
}

/** What the batches of a split said, in growing order, in arrays as long as the split. */
export class Gathered {
  /** So far. */
  examples = 0;
  readonly #labels: Int32Array;
  readonly #top: Int32Array;
  readonly #losses: Float32Array;
  readonly #sizes: Pick<Predictions, 'k' | 'outputs'>;

  /** @param capacity Examples of the split. */
  constructor(capacity: number, sizes: Pick<Predictions, 'k' | 'outputs'>) {
    this.#labels = new Int32Array(capacity);
    this.#top = new Int32Array(capacity * sizes.k);
    this.#losses = new Float32Array(capacity);
    this.#sizes = sizes;
  }

  /** Adds a batch behind those before it. */
  add({ labels, top, losses }: GatheredBatch): void {
    this.#labels.set(labels, this.examples);
    this.#top.set(top, this.examples * this.#sizes.k);
    this.#losses.set(losses, this.examples);
    this.examples += labels.length;
  }

  /** Of all that was gathered. */
  predictions(): Predictions {
    return {
      labels: this.#labels.subarray(0, this.examples),
      top: this.#top.subarray(0, this.examples * this.#sizes.k),
      losses: this.#losses.subarray(0, this.examples),
      ...this.#sizes,
    };
  }
}
