import { Evaluated, type Progress } from '@bluewaters/messages';
import type { Announcer } from './announcer.js';
import { diverged } from './divergence.js';
import { evaluate, type EvaluatedSplit } from './evaluate.js';
import type { LocalShards } from './local-shards.js';
import { countExamples } from './manifest.js';
import { writeConfusion } from './report/confusion.js';
import type { OpenedRun, RunContext } from './run-context.js';
import type { TrainingEngine } from './training-engine.js';

/** What is evaluated, and who is told how far it has come. */
export interface Evaluable {
  readonly run: RunContext;
  readonly shards: LocalShards;
  readonly announcer: Announcer;
}

/** The step whose weights the engine has. */
interface AtStep {
  readonly step: number;
}

/**
 * Evaluates a run's weights on its validation split, exactly, and writes the confusion beside the checkpoints.
 *
 * @throws {CodedError} TRAINING_DIVERGED when their loss is not finite.
 */
export async function evaluateStep(
  engine: TrainingEngine,
  { announcer, step, ...what }: Evaluable & AtStep,
): Promise<EvaluatedSplit> {
  const report = (figures: Omit<Progress, 'phase'>): void => announcer.within('evaluating', figures);
  const found = await evaluateWeights(engine, { ...what, report });
  await writeConfusion(what.run, step, found.metrics.confusion);
  return found;
}

/**
 * Evaluates between two steps, since somebody wants to know, and lets all know. Nothing is written: what the run does next
 * does not depend on what is found.
 *
 * @throws {CodedError} TRAINING_DIVERGED when their loss is not finite.
 */
export async function evaluateAsOrdered(
  engine: TrainingEngine,
  { announcer, step, ordered, ...what }: Evaluable & AtStep & { readonly ordered: number },
): Promise<void> {
  const { request, bus, evaluations } = what.run;
  const report = (figures: Omit<Progress, 'phase'>): void => announcer.within('evaluating as ordered', figures);
  const { metrics } = await evaluateWeights(engine, { ...what, report });
  const { confusion: _, ...evaluation } = metrics;
  evaluations?.made({ ordered, step, evaluation });
  await bus.publish(Evaluated, { run: request.run, step, evaluation });
  announcer.reached(step, `step ${step} evaluated as ordered`, { figures: { 'top-1': evaluation.top1 } });
}

/** As {@link evaluateStep}, and writes nothing. */
export async function evaluateWeights(
  { session, graph }: TrainingEngine,
  {
    run,
    shards,
    report,
  }: {
    readonly run: OpenedRun;
    readonly shards: LocalShards;
    readonly report: (figures: Omit<Progress, 'phase'>) => void;
  },
): Promise<EvaluatedSplit> {
  const startedAt = performance.now();
  const total = countExamples(run.manifest, 'validation');
  const onProgress = (done: number): void => {
    const ratePerSecond = (1000 * done) / (performance.now() - startedAt);
    report({ done, total, unit: 'images', ratePerSecond });
  };
  const found = await evaluate(session, graph, {
    files: shards.validation,
    examples: total,
    outputs: run.outputs,
    onProgress,
  });
  const { loss } = found.metrics;
  if (!Number.isFinite(loss)) throw diverged(run.request, { what: 'the loss on the validation split', value: loss });
  return found;
}
