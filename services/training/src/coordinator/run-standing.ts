import type { CoordinatedRun } from '@bluewaters/messages';

/** What stays of a run between two looks at it, beside what its ranks say. */
export type Standing = Pick<
  CoordinatedRun,
  'phase' | 'since' | 'reason' | 'generation' | 'scaleTo' | 'order' | 'evaluate' | 'launcher' | 'submission'
>;

/** The same of a run as another coordinator told it. */
export function standingOf(run: CoordinatedRun): Standing {
  const { phase, since, reason, generation, scaleTo, order, evaluate, launcher, submission } = run;
  return {
    ...{ phase, since, generation },
    ...(reason !== undefined && { reason }),
    ...(scaleTo !== undefined && { scaleTo }),
    ...(order !== undefined && { order }),
    ...(evaluate !== undefined && { evaluate }),
    ...(launcher && { launcher }),
    ...(submission && { submission }),
  };
}
