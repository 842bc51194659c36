/** Losses. */
import { CodedError } from '@bluewaters/errors';
import { isContinuous, type DType, type FloatDType, type IndexDType } from '../dtypes.js';
import * as raw from '../generated/operations/index.js';
import type { Output } from '../operation.js';
import type { Named, Scope } from '../scope.js';
import type { Input } from '../typed-operation.js';
import { oneHot } from './filled.js';
import { add, mul } from './math.js';
import { mean } from './reductions.js';

/**
 * [batch]: the cross entropy of softmax(logits) against each example's label.
 *
 * @param logits [batch, classes]
 * @param labels int32 or int64 [batch], 0 to classes - 1.
 */
export function sparseSoftmaxCrossEntropy<D extends DType>(
  scope: Scope,
  logits: Input<D, FloatDType>,
  labels: Output<IndexDType>,
  options: Named = {},
): Output<D> {
  return raw.sparseSoftmaxCrossEntropyWithLogits(scope, { features: logits, labels }, options).loss;
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
 * @param labels int32 or int64 [batch], 0 to classes - 1; or float [batch, classes], what each probability should be.
 * @throws {CodedError} GRAPH_INVALID when it is not.
 * @see Szegedy et al. 2016, section 7, for smoothing.
 */
export function softmaxCrossEntropyLoss<D extends DType>(
  scope: Scope,
  logits: Input<D, FloatDType>,
  labels: Output<IndexDType | FloatDType>,
  { labelSmoothing = 0 }: CrossEntropyOptions = {},
): Output<D> {
  const inner = scope.child('cross_entropy');
  const plain: Output = logits;
  const given: Output = labels;
  const shared = isContinuous(labels.dtype);
  if (labelSmoothing === 0 && !shared) return mean(inner, sparseSoftmaxCrossEntropy(inner, plain, given));
  const targets = shared ? given : oneHot(inner, given, classesOf(logits));
  const smooth =
    labelSmoothing === 0 ? targets : smoothed(inner, targets, { classes: classesOf(logits), labelSmoothing });
  return mean(inner, raw.softmaxCrossEntropyWithLogits(inner, { features: plain, labels: smooth }).loss);
}

/** [batch, classes]: the targets, less what goes to all classes alike. */
function smoothed(
  scope: Scope,
  targets: Output,
  { classes, labelSmoothing }: { readonly classes: number; readonly labelSmoothing: number },
): Output {
  const certain = mul(scope, targets, 1 - labelSmoothing);
  return add(scope, certain, labelSmoothing / classes);
}

function classesOf(logits: Output): number {
  const classes = logits.shape?.at(-1);
  if (typeof classes === 'number') return classes;
  throw new CodedError('GRAPH_INVALID', `the number of classes of ${logits.name} must be known to smooth labels`);
}
