import { RankStepped, type MessageBus, type Subscription } from '@bluewaters/messages';
import type { RunUnderWay } from './run-metrics.js';

/** Keeps account of the runs that ranks of this service train, each rank alone: no coordinator hears of them. */
export class LoneRuns {
  readonly #running = new Map<string, RunUnderWay>();

  /** Those under way. */
  records(): readonly RunUnderWay[] {
    return [...this.#running.values()];
  }

  /**
   * Listens to the rank of a run, until that is stopped.
   *
   * @param attempt Starts of the rank so far: 1, or more after a crash.
   */
  async follow(bus: MessageBus, run: string, attempt: number): Promise<Subscription> {
    const known = { run, generation: attempt, ranks: 1, arrived: 1 };
    this.#running.set(run, known);
    const subscription = await bus.subscribe(RankStepped, ({ run: of, figures }) => {
      if (of === run) this.#running.set(run, { ...known, figures });
    });
    const stop = async (): Promise<void> => {
      await subscription.stop();
      this.#running.delete(run);
    };
    return { stop };
  }
}
