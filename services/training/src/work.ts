/**
 * Training on every worker of parameter servers but the first: steps on its own account, until the chief (`train.ts`)
 * says that all is over. It evaluates and writes nothing, and may come and go while the others train.
 */
import { CodedError } from '@bluewaters/errors';
import type { TrainRequest } from '@bluewaters/messages';
import { refuseLostWeights } from './divergence.js';
import { bringShards } from './local-shards.js';
import { positionAt } from './position.js';
import { ShownSteps } from './presence/shown-steps.js';
import { openRun, type RankPorts } from './run-context.js';
import type { Member } from './servers/member.js';
import { requestDigest } from './run-entry.js';
import { TrainingEngine } from './training-engine.js';

/**
 * Trains beside the chief until that has no more to do.
 *
 * @throws {CodedError} INTERRUPTED when asked to stop; TRAINING_DIVERGED, and what `openRun` and TensorFlow say.
 */
export async function work(request: TrainRequest, ports: RankPorts & { readonly member: Member }): Promise<void> {
  const begun = await ports.member.rendezvous.begun(ports.signal);
  if (!begun) return;
  assertSame(begun.request, requestDigest(request), ports.member);
  const { first } = begun;
  const run = await openRun(request, ports);
  const cache = `${run.workDirectory}/shards/${request.dataset}`;
  const shards = await bringShards(run.store, run.manifest, { cache, report: run.report });
  using engine = new TrainingEngine(run, shards, positionAt(first, run.stepsPerEpoch).epoch);
  await engine.session.run({ targets: [engine.graph.join] });
  engine.stepper.join?.(first);
  const shown = new ShownSteps(run);
  shown.start();
  for (let step = first; step < Infinity; ) {
    const made = await engine.stepper.make(step, { runner: (session, asked) => session.run(asked) });
    const { loss, reached } = made;
    await refuseLostWeights(loss, run, { engine, failed: step });
    if (run.signal.aborted) throw new CodedError('INTERRUPTED', `Worker ${ports.member.worker} was stopped`);
    shown.made(made, step);
    step = reached;
  }
}

function assertSame(expected: string, got: string, { worker }: Member): void {
  if (expected === got) return;
  throw new CodedError('RANKS_DIFFER', `Worker ${worker} was started with other options than the chief`, {
    details: { field: 'request', expected, got },
  });
}
