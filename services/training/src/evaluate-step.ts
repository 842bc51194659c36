import type { Progress } from '@bluewaters/messages';
import { diverged } from './divergence.js';
import { evaluate, type EvaluatedSplit } from './evaluate.js';
import type { LocalShards } from './local-shards.js';
import { countExamples } from './manifest.js';
import { writeConfusion } from './report/confusion.js';
import type { OpenedRun, RunContext } from './run-context.js';
import type { TrainingEngine } from './training-engine.js';

/** What is evaluated, and who is told how far it has come. */
export interface EvaluateStepOptions {
  readonly run: RunContext;
  readonly shards: LocalShards;
  /** Whose weights the engine has. */
  readonly step: number;
  readonly report: (figures: Omit<Progress, 'phase'>) => void;
}

/**
 * Evaluates a run's weights on its validation split, exactly, and writes the confusion beside the checkpoints.
 *
 * @throws {CodedError} TRAINING_DIVERGED when their loss is not finite.
 */
export async function evaluateStep(engine: TrainingEngine, options: EvaluateStepOptions): Promise<EvaluatedSplit> {
  const found = await evaluateWeights(engine, options);
  await writeConfusion(options.run, options.step, found.metrics.confusion);
  return found;
}

/** As {@link evaluateStep}, and writes nothing. */
export async function evaluateWeights(
  { session, graph }: TrainingEngine,
  { run, shards, report }: Omit<EvaluateStepOptions, 'run' | 'step'> & { readonly run: OpenedRun },
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
