/** Losses whose gradients TensorFlow's C library cannot derive by itself. */
import type { Output } from '../operation.js';
import type { Scope } from '../scope.js';
import { cast, shape, slice, squeeze } from './arrays.js';
import { div, mean } from './math.js';

/** The cross entropy of each example. */
export interface CrossEntropy {
  /** [batch] */
  readonly loss: Output;
  /** [batch, classes]: the derivative of each example's loss by its logits. */
  readonly backprop: Output;
}

/**
 * Cross entropy of softmax(logits) against labels. TensorFlow's library has no rule for its gradient: the operation
 * gives it as its second output.
 *
 * @param logits [batch, classes]
 * @param labels int32 or int64 [batch], 0 to classes - 1.
 */
export function sparseSoftmaxCrossEntropy(scope: Scope, logits: Output, labels: Output): CrossEntropy {
  const operation = scope.op('SparseSoftmaxCrossEntropyWithLogits', { inputs: [logits, labels] });
  return { loss: operation.output(0), backprop: operation.output(1) };
}

/** The mean cross entropy of a batch. */
export interface CrossEntropyLoss {
  /** Scalar: the mean over the batch. */
  readonly loss: Output;
  /** [batch] */
  readonly perExample: Output;
  /** [batch, classes]: the derivative of `loss` by the logits. */
  readonly gradient: Output;
}

/**
 * The mean cross entropy, and where back-propagation starts:
 *
 * ```ts
 * const { loss, gradient } = softmaxCrossEntropyLoss(scope, logits, labels);
 * const byParameter = gradients(scope, [logits], parameters, { gradYs: [gradient] });
 * ```
 *
 * Penalties on the weights are further `ys` of the same call: `gradients(scope, [logits, penalty], …)` with
 * `gradYs: [gradient, one]`.
 *
 * @param logits [batch, classes]
 * @param labels int32 or int64 [batch], 0 to classes - 1.
 */
export function softmaxCrossEntropyLoss(scope: Scope, logits: Output, labels: Output): CrossEntropyLoss {
  const inner = scope.child('cross_entropy');
  const { loss: perExample, backprop } = sparseSoftmaxCrossEntropy(inner, logits, labels);
  const batch = squeeze(inner, slice(inner, shape(inner, logits), { begin: [0], size: [1] }), [0]);
  const gradient = div(inner, backprop, cast(inner, batch, logits.dtype));
  return { loss: mean(inner, perExample), perExample, gradient };
}
