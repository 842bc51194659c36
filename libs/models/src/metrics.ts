import type { Tensor1D } from '@tensorflow/tfjs';
import { eager } from './eager.js';

/** What {@link classificationMetrics} is computed from, gathered over a whole split. */
export interface Predictions {
  /** True outputs, 0 to `outputs` - 1, one an example. */
  readonly labels: Int32Array;
  /** [examples, k]: the k most probable outputs of each example, most probable first. */
  readonly top: Int32Array;
  readonly k: number;
  /** Cross entropy of each example. */
  readonly losses: Float32Array;
  /** Outputs of the network: classes + 1. */
  readonly outputs: number;
}

/** See {@link classificationMetrics}. */
export interface ClassificationMetrics {
  readonly examples: number;
  /** Share of examples whose most probable output is the true one, 0 to 1. */
  readonly top1: number;
  /** Share of examples whose true output is among the k most probable, 0 to 1. */
  readonly top5: number;
  /** Mean cross entropy. */
  readonly loss: number;
  /** [classes][classes]: examples of class i that were taken for class j; background (output 0) left out. */
  readonly confusion: number[][];
}

/**
 * Exact figures over a split, computed eagerly on the same TensorFlow library (on tfjs's own engine where its addon
 * could not be built).
 */
export async function classificationMetrics(predictions: Predictions): Promise<ClassificationMetrics> {
  const tf = await eager();
  const { k, outputs } = predictions;
  const examples = predictions.labels.length;
  const figures = tf.tidy(() => {
    const labels = tf.tensor1d(predictions.labels, 'int32'); // [examples]
    const top = tf.tensor2d(predictions.top, [examples, k], 'int32');
    const hits = tf.equal(top, labels.expandDims(1)).cast('float32'); // [examples, k]
    const best = top.slice([0, 0], [examples, 1]).squeeze<Tensor1D>([1]);
    const confusion = tf.math.confusionMatrix(labels, best, outputs); // [outputs, outputs]
    return {
      top1: hits.slice([0, 0], [examples, 1]).mean(),
      top5: hits.sum(1).mean(),
      loss: tf.tensor1d(predictions.losses).mean(),
      confusion: confusion.slice([1, 1]).cast('int32'),
    };
  });
  try {
    const [top1, top5, loss] = await Promise.all([figures.top1, figures.top5, figures.loss].map((t) => t.data()));
    const confusion = (await figures.confusion.array()) as number[][];
    return { examples, top1: top1?.[0] ?? 0, top5: top5?.[0] ?? 0, loss: loss?.[0] ?? 0, confusion };
  } finally {
    tf.dispose(Object.values(figures));
  }
}
