import { positionAt } from '../position.js';
import type { RunContext } from '../run-context.js';
import { known, type RunObserver, type StepFigures } from './observer.js';

/** Shows how the steps of rank 0 go to whoever keeps account of the run. */
export class PresenceObserver implements RunObserver {
  readonly #run: RunContext;

  constructor(run: RunContext) {
    this.#run = run;
  }

  stepped({ step, loss, imagesPerSecond, seconds, staleness, dropped }: StepFigures): void {
    const { show, request, stepsPerEpoch } = this.#run;
    const { epoch } = positionAt(step, stepsPerEpoch);
    const figures = { step, epoch, loss, batch: request.batch, imagesPerSecond, seconds };
    show?.({ ...figures, ...known({ staleness, dropped }) });
  }
}
