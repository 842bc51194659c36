import { CodedError } from '@bluewaters/errors';
import { watchFinite, type NonFinite, type Session, type Tensor } from '@bluewaters/tensorflow';
import type { RunContext } from './run-context.js';
import type { Runner } from './stepper.js';
import type { TrainingEngine } from './training-engine.js';

/** Where a loss stopped being finite. */
export interface Divergence {
  readonly engine: TrainingEngine;
  /** The step whose loss it was. */
  readonly failed: number;
}

/** What was found when the steps were made again. */
export interface FirstNonFinite extends NonFinite {
  readonly step: number;
}

/**
 * Makes the steps since the last checkpoint again, which gives the same numbers, and looks at everything in the last two
 * of them: when a loss shows it, the update before may have lost the weights already. So the steps of a run that goes
 * well carry no check beside that of the loss.
 *
 * @returns The first operation in the order of the graph that gave NaN or infinity; undefined when the run is to stop.
 */
async function findFirstNonFinite(
  { request, checkpoints, stepsPerEpoch, report, signal }: RunContext,
  { engine, failed }: Divergence,
): Promise<FirstNonFinite | undefined> {
  const { graph, stepper } = engine;
  const { loss, gradients } = graph.training;
  const watch = watchFinite(graph.graph.scope(), [loss, ...gradients]);
  const plain: Runner = (session, asked) => session.run(asked);
  const latest = await checkpoints.latest(() => undefined);
  await engine.goTo(latest);
  const first = latest?.step ?? 0;
  for (let step = first; step <= failed && !signal.aborted; step += 1) {
    if (step === first || step % stepsPerEpoch === 0) await stepper.start(step);
    report({
      phase: 'looking for what diverged',
      done: step * request.batch,
      total: failed * request.batch,
      unit: 'images',
    });
    let found: NonFinite | undefined;
    const watching: Runner = async (session, asked) => {
      const { tensors, nonFinite } = await runWatched(session, asked, watch);
      found ??= nonFinite;
      return tensors;
    };
    await stepper.make(step, { runner: step < failed - 1 ? plain : watching });
    if (found) return { ...found, step };
  }
  return undefined;
}

async function runWatched(
  session: Session,
  asked: Parameters<Runner>[1],
  watch: ReturnType<typeof watchFinite>,
): Promise<{ tensors: Tensor[]; nonFinite: NonFinite | undefined }> {
  const fetched: Tensor[] = await session.run({ ...asked, fetches: [...(asked.fetches ?? []), watch.counts] });
  using counts = fetched.pop() as Tensor;
  return { tensors: fetched, nonFinite: watch.first(counts) };
}

/**
 * Before anything is written: a checkpoint of lost weights would replace one that can be gone on from.
 *
 * @throws {CodedError} TRAINING_DIVERGED where the loss of a step is not finite.
 */
export async function refuseLostWeights(loss = 0, run: RunContext, search: Divergence): Promise<void> {
  if (Number.isFinite(loss)) return;
  // Other ranks, which would have to go back too, have ended by now.
  const first = run.ranks.size > 1 || run.member ? undefined : await findFirstNonFinite(run, search);
  throw diverged(run.request, { what: 'the loss of a batch', value: loss, first });
}

/** TRAINING_DIVERGED with what is known of it. */
export function diverged(
  { run, learningRate }: RunContext['request'],
  {
    what,
    value,
    first,
  }: { readonly what: string; readonly value: number; readonly first?: FirstNonFinite | undefined },
): CodedError {
  const source = first
    ? `; in step ${first.step + 1} the first operation to give such values was ${first.operation.name} ` +
      `(${first.operation.type}), ${first.count} of ${first.of}`
    : '';
  return new CodedError('TRAINING_DIVERGED', `Training diverged; try a lower rate under another name than ${run}`, {
    details: {
      field: 'learningRate',
      expected: `${what} to be finite`,
      got: `${value} at a rate of ${learningRate}${source}`,
    },
  });
}
