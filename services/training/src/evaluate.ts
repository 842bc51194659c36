import { classificationMetrics, type ClassificationMetrics, type Predictions } from '@bluewaters/models';
import { isEndOfSequence, Tensor, type Session } from '@bluewaters/tensorflow';
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

/**
 * Runs the evaluation tower once over a split: exact at any batch size, since every example counts once.
 *
 * @returns Predictions in the order of the records' numbers.
 */
export async function evaluate(
  session: Session,
  graph: TrainingGraph,
  options: EvaluateOptions,
): Promise<{ readonly metrics: ClassificationMetrics; readonly predictions: Predictions }> {
  const { evaluation } = graph;
  const gathered = new Gathered(options.examples, evaluation.k);
  using files = Tensor.of('string', [options.files.length], [...options.files]);
  await session.run({ feeds: [[evaluation.files, files]], targets: [evaluation.start] });
  while (await addBatch(session, evaluation, gathered)) {
    options.signal?.throwIfAborted();
    options.onProgress?.(gathered.examples);
  }
  const predictions = { ...gathered.predictions(), k: evaluation.k, outputs: options.outputs };
  return { metrics: await classificationMetrics(predictions), predictions };
}

async function addBatch(
  session: Session,
  evaluation: TrainingGraph['evaluation'],
  gathered: Gathered,
): Promise<boolean> {
  try {
    const tensors = await session.run({ fetches: [evaluation.labels, evaluation.top, evaluation.losses] });
    gathered.add(tensors);
    return true;
  } catch (error) {
    if (isEndOfSequence(error)) return false;
    throw error;
  }
}

/** What the batches said, in growing order, in arrays as long as the split. */
class Gathered {
  examples = 0;
  readonly #labels: Int32Array;
  readonly #top: Int32Array;
  readonly #losses: Float32Array;
  readonly #k: number;

  constructor(capacity: number, k: number) {
    this.#labels = new Int32Array(capacity);
    this.#top = new Int32Array(capacity * k);
    this.#losses = new Float32Array(capacity);
    this.#k = k;
  }

  add(tensors: readonly Tensor[]): void {
    const [labels, top, losses] = tensors.map((tensor) => {
      using owned = tensor;
      return owned.values();
    }) as [Int32Array, Int32Array, Float32Array];
    this.#labels.set(labels, this.examples);
    this.#top.set(top, this.examples * this.#k);
    this.#losses.set(losses, this.examples);
    this.examples += labels.length;
  }

  predictions(): { labels: Int32Array; top: Int32Array; losses: Float32Array } {
    return {
      labels: this.#labels.subarray(0, this.examples),
      top: this.#top.subarray(0, this.examples * this.#k),
      losses: this.#losses.subarray(0, this.examples),
    };
  }
}
