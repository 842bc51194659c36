/** Losses. */
import { CodedError } from '@bluewaters/errors';
import type { Output } from '../operation.js';
import type { Named, Scope } from '../scope.js';
import { oneHot } from './arrays.js';
import { add, mean, mul } from './math.js';

/**
 * [batch]: the cross entropy of softmax(logits) against each example's label.
 *
 * @param logits [batch, classes]
 * @param labels int32 or int64 [batch], 0 to classes - 1.
 */
export function sparseSoftmaxCrossEntropy(
  scope: Scope,
  logits: Output,
  labels: Output<'int32' | 'int64'>,
  { name }: Named = {},
): Output {
  return scope.op('SparseSoftmaxCrossEntropyWithLogits', { name, inputs: [logits, labels] }).output();
}

/** How a mean cross entropy is taken. */
export interface CrossEntropyOptions {
  /** The part of each label's weight that goes to all classes alike, 0 to 1; 0 by default. */
  readonly labelSmoothing?: number;
}

/**
 * Scalar: the mean cross entropy of a batch.
 *
 * @param logits [batch, classes]; the number of classes must be known when labels are smoothed.
 * @param labels int32 or int64 [batch], 0 to classes - 1.
 * @throws {CodedError} GRAPH_INVALID when it is not.
 * @see Szegedy et al. 2016, section 7, for smoothing.
 */
export function softmaxCrossEntropyLoss(
  scope: Scope,
  logits: Output,
  labels: Output<'int32' | 'int64'>,
  { labelSmoothing = 0 }: CrossEntropyOptions = {},
): Output {
  const inner = scope.child('cross_entropy');
  if (labelSmoothing === 0) return mean(inner, sparseSoftmaxCrossEntropy(inner, logits, labels));
  const smooth = smoothed(inner, labels, { classes: classesOf(logits), labelSmoothing });
  return mean(inner, inner.op('SoftmaxCrossEntropyWithLogits', { inputs: [logits, smooth] }).output());
}

/** [batch, classes]: what the probabilities should be. */
function smoothed(
  scope: Scope,
  labels: Output<'int32' | 'int64'>,
  { classes, labelSmoothing }: { readonly classes: number; readonly labelSmoothing: number },
): Output {
  const certain = mul(scope, oneHot(scope, labels, classes), 1 - labelSmoothing);
  return add(scope, certain, labelSmoothing / classes);
}

function classesOf(logits: Output): number {
  const classes = logits.shape?.at(-1);
  if (typeof classes === 'number') return classes;
  throw new CodedError('GRAPH_INVALID', `the number of classes of ${logits.name} must be known to smooth labels`);
}
