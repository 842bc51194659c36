import { classificationMetrics, type ClassificationMetrics, type Predictions } from '@bluewaters/models';
import { isEndOfSequence, Tensor, type Session } from '@bluewaters/tensorflow';
import { Gathered, type GatheredBatch } from './evaluation/gathered.js';
import type { FirstPicture, InspectedArray } from './inspection.js';
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
  /** The first picture and what the first layer made of it; absent where no layer has a picture. */
  readonly first?: SeenFirst | undefined;
}

/** See {@link FirstPicture}; with a batch of one. */
export interface SeenFirst {
  readonly picture: InspectedArray;
  readonly activations: InspectedArray;
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
  const first = await addBatch(session, evaluation, { gathered, look: evaluation.first });
  for (let more = first.added; more; more = (await addBatch(session, evaluation, { gathered })).added) {
    options.signal?.throwIfAborted();
    options.onProgress?.(gathered.examples);
  }
  const predictions = gathered.predictions();
  return { metrics: await classificationMetrics(predictions), predictions, first: first.seen };
}

/** Runs a batch, if there is one more; with `look` its first picture is looked at. */
async function addBatch(
  session: Session,
  { labels, top, losses }: TrainingGraph['evaluation'],
  { gathered, look }: { readonly gathered: Gathered; readonly look?: FirstPicture | undefined },
): Promise<{ readonly added: boolean; readonly seen?: SeenFirst }> {
  const looked = look ? [look.picture, look.activations] : [];
  try {
    const tensors = await session.run({ fetches: [labels, top, losses, ...looked] });
    const [picture, activations] = tensors.splice(3).map(arrayOf);
    gathered.add(valuesOf(tensors));
    return { added: true, ...(picture && activations && { seen: { picture, activations } }) };
  } catch (error) {
    if (isEndOfSequence(error)) return { added: false };
    throw error;
  }
}

/** Gives the tensor back. */
function arrayOf(tensor: Tensor): InspectedArray {
  using owned = tensor;
  return { shape: owned.shape, values: owned.numbers() };
}

/** Of the three fetches; gives the tensors back. */
function valuesOf(tensors: readonly Tensor[]): GatheredBatch {
  const [labels, top, losses] = tensors.map((tensor) => {
    using owned = tensor;
    return owned.values();
  }) as [Int32Array, Int32Array, Float32Array];
  return { labels, top, losses };
}
