/**
 * Training on every rank but the first: the same steps at the same time, each on this rank's part of the batch. Rank 0
 * (`train.ts`) decides what is done next, evaluates and writes; this one writes nothing.
 */
import { CodedError } from '@bluewaters/errors';
import type { TrainRequest } from '@bluewaters/messages';
import { refuseLostWeights } from './divergence.js';
import { bringShards } from './local-shards.js';
import { positionAt } from './position.js';
import { ShownSteps } from './presence/shown-steps.js';
import { inTurns, type Ranks } from './ranks.js';
import { openRun, type RankPorts } from './run-context.js';
import { TrainingEngine, type StartingPoint } from './training-engine.js';

/** What rank 0 tells the others before they do anything. */
export type Start = 'over' | 'goes on';

/**
 * Trains beside rank 0 until that has no more to do.
 *
 * @throws {CodedError} INTERRUPTED when some rank was asked to stop; TRAINING_DIVERGED, and what `openRun` and TensorFlow
 * say.
 */
export async function follow(request: TrainRequest, ports: RankPorts & { readonly ranks: Ranks }): Promise<void> {
  const { ranks } = ports;
  if ((await ranks.broadcast<Start>(undefined)) === 'over') return;
  const { run, shards } = await inTurns(ranks, async () => {
    const opened = await openRun(request, ports);
    const cache = `${opened.workDirectory}/shards/${request.dataset}`;
    return { run: opened, shards: await bringShards(opened.store, opened.manifest, { cache, report: opened.report }) };
  });
  const begun = await ranks.broadcast<StartingPoint>(undefined);
  let { step } = begun;
  using engine = new TrainingEngine(run, shards, positionAt(step, run.stepsPerEpoch).epoch);
  await engine.goToStart(begun);
  const shown = new ShownSteps(run);
  while ((await ranks.broadcast<Start>(undefined)) === 'goes on') {
    const end = (positionAt(step, run.stepsPerEpoch).epoch + 1) * run.stepsPerEpoch;
    await engine.stepper.start(step);
    shown.start();
    for (; step < end; step += 1) {
      const made = await engine.stepper.make(step, { runner: (session, asked) => session.run(asked) });
      const { loss, stopping } = made;
      await refuseLostWeights(loss, run, { engine, failed: step });
      shown.made(made, step);
      if (stopping) throw new CodedError('INTERRUPTED', `Training was stopped at step ${step + 1}`);
    }
  }
}
