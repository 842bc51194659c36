import { classificationMetrics, type ClassificationMetrics, type Predictions } from '@bluewaters/models';
import { isEndOfSequence, Tensor, type Session } from '@bluewaters/tensorflow';
import { Gathered, type GatheredBatch } from './evaluation/gathered.js';
import type { TrainingGraph } from './training-graph.js';

/** Options of {@link evaluate}. */
export interface EvaluateOptions {
  readonly files: readonly string[];
  /** Examples of the split. */
  readonly examples: number;
  readonly outputs: number;
  /** Told after each batch. */
  readonly onProgress?: (examples: number) => void;
  readonly signal?: AbortSignal;
}

/** What was found on a split. */
export interface EvaluatedSplit {
  readonly metrics: ClassificationMetrics;
  /** In the order of the records' numbers. */
  readonly predictions: Predictions;
}

/**
 * Runs the evaluation tower once over a split: exact at any batch size, since every example counts once.
 */
export async function evaluate(
  session: Session,
  graph: TrainingGraph,
  options: EvaluateOptions,
): Promise<EvaluatedSplit> {
  const { evaluation } = graph;
  const gathered = new Gathered(options.examples, { k: evaluation.k, outputs: options.outputs });
  using files = Tensor.of('string', [options.files.length], [...options.files]);
  await session.run({ feeds: [[evaluation.files, files]], targets: [evaluation.start] });
  while (await addBatch(session, evaluation, gathered)) {
    options.signal?.throwIfAborted();
    options.onProgress?.(gathered.examples);
  }
  const predictions = gathered.predictions();
  return { metrics: await classificationMetrics(predictions), predictions };
}

async function addBatch(
  session: Session,
  evaluation: TrainingGraph['evaluation'],
  gathered: Gathered,
): Promise<boolean> {
  try {
    const tensors = await session.run({ fetches: [evaluation.labels, evaluation.top, evaluation.losses] });
    gathered.add(valuesOf(tensors));
    return true;
  } catch (error) {
    if (isEndOfSequence(error)) return false;
    throw error;
  }
}

/** Of the three fetches; gives the tensors back. */
function valuesOf(tensors: readonly Tensor[]): GatheredBatch {
  const [labels, top, losses] = tensors.map((tensor) => {
    using owned = tensor;
    return owned.values();
  }) as [Int32Array, Int32Array, Float32Array];
  return { labels, top, losses };
}
