import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isCodedError } from '@bluewaters/errors';
import { Beat, type OrderedEvaluation, type RankBeat, type RankFigures } from '@bluewaters/messages';
import type { OutsideBus } from './outside-bus.js';

/** Which rank of which generation of a run shows itself. */
export type Seat = Pick<RankBeat, 'run' | 'generation' | 'rank' | 'ranks' | 'role'>;

/** Milliseconds between two signs of life; with many ranks longer, so that a coordinator hears 2,000 a second at most. */
export function beatEvery(ranks: number): number {
  return Math.max(2_000, ranks / 2);
}

/**
 * Shows a rank to the coordinator, from before it has met the others until it ends, and hears whether all are to stop.
 * Training does not wait for it.
 */
export class Presence {
  readonly #bus: OutsideBus;
  #seat: Seat;
  readonly #stopping = new AbortController();
  readonly #gone = new AbortController();
  readonly #ended: Promise<void>;
  #figures: RankFigures | undefined;
  #ordered = 0;
  #evaluated: OrderedEvaluation | undefined;

  /** Shows itself from now on. */
  constructor(bus: OutsideBus, seat: Seat) {
    this.#bus = bus;
    this.#seat = seat;
    this.#ended = this.#keepShowing();
  }

  /** Aborted when the coordinator lets the ranks stop, or this one was left behind. */
  get stop(): AbortSignal {
    return this.#stopping.signal;
  }

  /** What the rank is, once it knows. */
  is(role: Seat['role']): void {
    this.#seat = { ...this.#seat, role };
  }

  /** What is shown from now on. */
  show(figures: RankFigures): void {
    this.#figures = figures;
  }

  /** The order to evaluate that is to be followed, where there is one. */
  get ordered(): number | undefined {
    return this.#ordered > (this.#evaluated?.ordered ?? 0) ? this.#ordered : undefined;
  }

  /** What came of an order to evaluate. */
  evaluated(found: OrderedEvaluation): void {
    this.#evaluated = found;
  }

  /** Shows itself no more. */
  async end(): Promise<void> {
    this.#gone.abort();
    await this.#ended;
  }

  async #keepShowing(): Promise<void> {
    const { signal } = this.#gone;
    const every = beatEvery(this.#seat.ranks);
    // Ranks that start together must not all be heard at once.
    let pause = this.#seat.ranks > 100 ? Math.random() * every : 0;
    while (!signal.aborted) {
      await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await this.#beat(every);
      pause = every;
    }
  }

  async #beat(timeoutMs: number): Promise<void> {
    const beat = {
      ...this.#seat,
      host: hostname(),
      pid: process.pid,
      ...(this.#figures && { figures: { ...this.#figures, ...(this.#evaluated && { evaluated: this.#evaluated }) } }),
    };
    try {
      const answer = await this.#bus.say((bus) => bus.request(Beat, beat, { timeoutMs }));
      if (answer?.order === 'stop') this.#stopping.abort();
      this.#ordered = answer?.evaluate ?? this.#ordered;
    } catch (error) {
      // Whatever else is wrong with the bus is no reason to stop training.
      if (isCodedError(error, 'GENERATION_OVER')) this.#stopping.abort(error);
    }
  }
}
