/** Losses. */
import type { Output } from '../operation.js';
import type { Named, Scope } from '../scope.js';
import { mean } from './math.js';

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

/**
 * Scalar: the mean cross entropy of a batch.
 *
 * @param logits [batch, classes]
 * @param labels int32 or int64 [batch], 0 to classes - 1.
 */
export function softmaxCrossEntropyLoss(scope: Scope, logits: Output, labels: Output<'int32' | 'int64'>): Output {
  const inner = scope.child('cross_entropy');
  return mean(inner, sparseSoftmaxCrossEntropy(inner, logits, labels));
}
