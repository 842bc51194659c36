import { Laps } from '../laps.js';
import { positionAt } from '../position.js';
import type { OpenedRun } from '../run-context.js';
import type { MadeStep } from '../stepper.js';

/** Measures the steps of a rank that is not the first, and shows the coordinator how they go, where there is one. */
export class ShownSteps {
  readonly #run: OpenedRun;
  readonly #laps: Laps;

  constructor(run: OpenedRun) {
    this.#run = run;
    this.#laps = new Laps(run.request.batch);
  }

  /** Starts the watch. */
  start(): void {
    this.#laps.start();
  }

  /** Shows what was made since a step of the run; nothing once there is no more to come. */
  made({ seconds, reached }: MadeStep, since: number): void {
    if (reached === Infinity) return;
    const { request, stepsPerEpoch, show } = this.#run;
    this.#laps.lap(seconds, reached - since);
    const { epoch } = positionAt(reached, stepsPerEpoch);
    const { recent: imagesPerSecond, times } = this.#laps;
    show?.({ step: reached, epoch, batch: request.batch, imagesPerSecond, seconds: times });
  }
}
