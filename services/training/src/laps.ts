import type { StepSeconds } from './stepper.js';

/** Where the time of a step went, in seconds. */
export interface StepTimes extends StepSeconds {
  /** Forward, backward and update, and the call itself: what is left. */
  readonly compute: number;
}

/** One step: what it took in all, and what of it was no arithmetic. */
interface Lap extends StepSeconds {
  readonly whole: number;
  /** Those of others that were made meanwhile among them. */
  readonly steps: number;
}

/** Steps that the recent figures are of. */
const RECENT = 20;

/** Measures training steps alone: time spent on checkpoints and evaluation does not count. */
export class Laps {
  readonly #batch: number;
  #steps = 0;
  #elapsed = 0;
  #startedAt: number | undefined;
  #recent: Lap[] = [];

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

  /** One more step is done, or several, where others make some of them. */
  lap(seconds: StepSeconds, steps = 1): void {
    const now = performance.now();
    if (this.#startedAt === undefined) return;
    const whole = (now - this.#startedAt) / 1000;
    this.#elapsed += whole;
    this.#steps += steps;
    this.#recent = [...this.#recent.slice(1 - RECENT), { whole, steps, ...seconds }];
    this.#startedAt = now;
  }

  /** Images a second over the last 20 steps. */
  get recent(): number {
    const elapsed = this.#sum(({ whole }) => whole);
    return elapsed === 0 ? 0 : (this.#sum(({ steps }) => steps) * this.#batch) / elapsed;
  }

  /** Means over the last 20 steps. */
  get times(): StepTimes {
    const mean = (of: (lap: Lap) => number): number => this.#sum(of) / Math.max(1, this.#recent.length);
    const [input, reduce] = [mean((lap) => lap.input), mean((lap) => lap.reduce)];
    return { input, reduce, compute: Math.max(0, mean(({ whole }) => whole) - input - reduce) };
  }

  /** Images a second over every step; undefined before the first. */
  get mean(): number | undefined {
    return this.#steps === 0 ? undefined : (this.#steps * this.#batch) / this.#elapsed;
  }

  #sum(of: (lap: Lap) => number): number {
    return this.#recent.reduce((sum, lap) => sum + of(lap), 0);
  }
}
