/** Chance from a seed: the same seed, the same choices, on every machine. */

/** A stream of choices. */
export class Random {
  #state;

  /** @param {number} seed A whole number. @param {number} [stream] Of the same seed, another row of choices. */
  constructor(seed, stream = 0) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0;
    this.next();
  }

  /** A number from 0 up to, not including, 1: Mulberry32. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to, not including, `end`. @param {number} end */
  below(end) {
    return Math.floor(this.next() * end);
  }

  /** @param {number} share From 0 to 1. */
  chance(share) {
    return this.next() < share;
  }

  /**
   * @template Value
   * @param {readonly Value[]} values At least one.
   * @returns {Value}
   */
  pick(values) {
    return /** @type {Value} */ (values[this.below(values.length)]);
  }

  /**
   * @template Value
   * @param {number} length
   * @param {(index: number) => Value} make
   */
  list(length, make) {
    return Array.from({ length }, (_, index) => make(index));
  }
}
