/** What a coordinator does not do, and says why not. */
import { CodedError } from '@bluewaters/errors';
import type { CoordinatedRun, RankBeat, SteerRequest } from '@bluewaters/messages';

/** To a rank of another generation than the one that is under way. @param now The run as it stands. */
export function generationOver({ run, generation, rank }: RankBeat, now: CoordinatedRun): CodedError {
  return new CodedError('GENERATION_OVER', `Rank ${rank} belongs to another generation of the run ${run}`, {
    details: { field: 'generation', expected: `${now.generation} (${now.phase})`, got: String(generation) },
  });
}

/** To whoever orders what cannot be done with the run as it stands. */
export function refused(
  { order }: { readonly order: SteerRequest['order'] | 'submit' },
  { run, phase, ranks }: CoordinatedRun,
): CodedError {
  const got = `a run that is ${phase}, with ${ranks} ranks`;
  const expected = {
    submit: 'a run that is not under way, nor waiting',
    stop: 'a run that is under way, paused or submitted',
    pause: 'a run that is under way',
    resume: 'a run that is paused',
    scale: 'a run that is under way or paused, and another number of ranks',
    evaluate: 'a run that is under way, and not to stop',
  }[order];
  return new CodedError('ORDER_REFUSED', `The run ${run} cannot follow the order to ${order}`, {
    details: { field: 'order', expected, got },
  });
}
