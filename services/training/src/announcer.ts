import type { Progress } from '@bluewaters/messages';
import type { RunContext } from './run-context.js';

/** Notices that go with one word of progress; the first ones are told again until the run is over. */
const MOST_NOTICES = 20;

/** Tells the user how far a run is, and what they should know about it. */
export class Announcer {
  readonly #run: Pick<RunContext, 'request' | 'totalSteps' | 'report'>;
  readonly #notices: string[] = [];

  constructor(run: Pick<RunContext, 'request' | 'totalSteps' | 'report'>) {
    this.#run = run;
  }

  /** Goes with all that is told from now on. */
  note(...notices: readonly string[]): void {
    this.#notices.push(...notices);
  }

  /** Tells how many images of the run have been seen, and how fast. */
  reached(
    step: number,
    phase: string,
    { ratePerSecond, figures }: Pick<Progress, 'ratePerSecond' | 'figures'> = {},
  ): void {
    const { request, totalSteps } = this.#run;
    this.within(phase, {
      done: step * request.batch,
      total: totalSteps * request.batch,
      unit: 'images',
      ...(ratePerSecond !== undefined && { ratePerSecond }),
      ...(figures && { figures }),
    });
  }

  /** Tells how far a part of the work is that has a measure of its own. */
  within(phase: string, progress: Omit<Progress, 'phase'>): void {
    const notices = this.#notices.slice(0, MOST_NOTICES);
    this.#run.report({ phase, ...progress, ...(notices.length > 0 && { notices }) });
  }
}
