/**
 * Work on several values of a sequence at once. Where one fails, the work on those after it is told to stop, as nobody
 * will ask for it; that on those before it goes on, so that the first failure of the sequence is what is told.
 */
export class Neighbours {
  readonly #outer: AbortSignal;
  readonly #running = new Map<number, AbortController>();
  #failed = Infinity;

  /** @param outer Ends all work. */
  constructor(outer: AbortSignal) {
    this.#outer = outer;
  }

  /** Does the work at a place of the sequence. */
  async run<T>(place: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const ending = new AbortController();
    if (place > this.#failed) ending.abort();
    this.#running.set(place, ending);
    try {
      return await work(AbortSignal.any([this.#outer, ending.signal]));
    } catch (error) {
      this.stopAfter(place);
      throw error;
    } finally {
      this.#running.delete(place);
    }
  }

  /** Ends the work on all that comes after a place. */
  stopAfter(place: number): void {
    this.#failed = Math.min(this.#failed, place);
    for (const [other, ending] of this.#running) if (other > place) ending.abort();
  }
}
