import { CodedError } from '@bluewaters/errors';
import { watchFinite, type NonFinite, type Session, type Tensor } from '@bluewaters/tensorflow';
import type { OpenedRun } from './run-context.js';
import type { Runner } from './stepper.js';
import type { StartingPoint, TrainingEngine } from './training-engine.js';

/** Where a loss stopped being finite. */
export interface Divergence {
  readonly engine: TrainingEngine;
  /** The step whose loss it was. */
  readonly failed: number;
}

/** What was found when the steps were made again: where NaN or infinity came from, among all ranks. */
export interface FirstNonFinite extends Omit<NonFinite, 'operation'> {
  readonly rank: number;
  readonly step: number;
  /** Of the operation. */
  readonly name: string;
  readonly type: string;
}

/**
 * Makes the steps since the last checkpoint again, which gives the same numbers, and looks at everything in the last two
 * of them: when a loss shows it, the update before may have lost the weights already. So the steps of a run that goes
 * well carry no check beside that of the loss. All ranks do so at the same time.
 *
 * @returns The first operation in the order of the graph that gave NaN or infinity; undefined when the run is to stop.
 */
async function findFirstNonFinite(run: OpenedRun, { engine, failed }: Divergence): Promise<FirstNonFinite | undefined> {
  const { ranks, request, stepsPerEpoch, report } = run;
  const { graph, stepper } = engine;
  const { loss, gradients } = graph.training;
  const watch = watchFinite(graph.graph.scope(), [loss, ...gradients]);
  const plain: Runner = (session, asked) => session.run(asked);
  const first = await goBack(run, engine);
  const found: FirstNonFinite[] = [];
  for (let step = first; step <= failed; step += 1) {
    if (step === first || step % stepsPerEpoch === 0) await stepper.start(step);
    report({
      phase: 'looking for what diverged',
      done: step * request.batch,
      total: failed * request.batch,
      unit: 'images',
    });
    const watching: Runner = async (session, asked) => {
      const { tensors, nonFinite } = await runWatched(session, asked, watch);
      if (nonFinite) found.push({ ...described(nonFinite), rank: ranks.rank, step });
      return tensors;
    };
    // Others may see nothing in a step where one does, and wait for it in the next.
    const { stopping } = await stepper.make(step, { runner: step < failed - 1 ? plain : watching });
    if (stopping) return undefined;
  }
  return earliestOf((await ranks.gather(found)).flat());
}

/** Gives every rank the weights of the last checkpoint, or the first ones, and resolves to their step. */
async function goBack({ ranks, checkpoints }: OpenedRun, engine: TrainingEngine): Promise<number> {
  const latest = ranks.rank === 0 ? await checkpoints.latest(() => undefined) : undefined;
  const start = await ranks.broadcast<StartingPoint>({ step: latest?.step ?? 0, restored: latest !== undefined });
  await engine.goToStart(start);
  return start.step;
}

function described({ operation: { name, type }, ...counted }: NonFinite): Omit<FirstNonFinite, 'rank' | 'step'> {
  return { ...counted, name, type };
}

/** The cause: what exchanges between ranks comes later in the graph than what it brought. */
export function earliestOf(found: readonly FirstNonFinite[]): FirstNonFinite | undefined {
  return [...found].sort((one, other) => one.step - other.step || one.place - other.place || one.rank - other.rank)[0];
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
 * Before anything is written: a checkpoint of lost weights would replace one that can be gone on from. Every rank calls it
 * after the same step.
 *
 * @throws {CodedError} TRAINING_DIVERGED where the loss of a step is not finite.
 */
export async function refuseLostWeights(loss = 0, run: OpenedRun, search: Divergence): Promise<void> {
  if (Number.isFinite(loss)) return;
  // Workers of parameter servers make no step a second time.
  const first = run.member ? undefined : await findFirstNonFinite(run, search);
  throw diverged(run.request, { what: 'the loss of a batch', value: loss, first });
}

/** TRAINING_DIVERGED with what is known of it. */
export function diverged(
  { run, learningRate }: OpenedRun['request'],
  {
    what,
    value,
    first,
  }: { readonly what: string; readonly value: number; readonly first?: FirstNonFinite | undefined },
): CodedError {
  const source = first
    ? `; in step ${first.step + 1} on rank ${first.rank} the first operation to give such values was ${first.name} ` +
      `(${first.type}), ${first.count} of ${first.of}`
    : '';
  return new CodedError('TRAINING_DIVERGED', `Training diverged; try a lower rate under another name than ${run}`, {
    details: {
      field: 'learningRate',
      expected: `${what} to be finite`,
      got: `${value} at a rate of ${learningRate}${source}`,
    },
  });
}
