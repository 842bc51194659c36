/** Measures images a second over training steps alone: time spent on checkpoints and evaluation does not count. */
export class Laps {
  readonly #batch: number;
  #steps = 0;
  #elapsedMs = 0;
  #startedAt: number | undefined;
  #recent: number[] = [];

  /** @param batch Images a step. */
  constructor(batch: number) {
    this.#batch = batch;
  }

  /** Starts the watch, or goes on after a pause. */
  start(): void {
    this.#startedAt = performance.now();
  }

  /** Stops the watch until the next start. */
  pause(): void {
    this.#startedAt = undefined;
  }

  /** One more step is done. */
  lap(): void {
    const now = performance.now();
    if (this.#startedAt === undefined) return;
    const lapMs = now - this.#startedAt;
    this.#elapsedMs += lapMs;
    this.#steps += 1;
    this.#recent = [...this.#recent.slice(-19), lapMs];
    this.#startedAt = now;
  }

  /** Images a second over the last 20 steps. */
  get recent(): number {
    const elapsedMs = this.#recent.reduce((sum, lapMs) => sum + lapMs, 0);
    return elapsedMs === 0 ? 0 : (this.#recent.length * this.#batch * 1000) / elapsedMs;
  }

  /** Images a second over every step; undefined before the first. */
  get mean(): number | undefined {
    return this.#steps === 0 ? undefined : (this.#steps * this.#batch * 1000) / this.#elapsedMs;
  }
}
