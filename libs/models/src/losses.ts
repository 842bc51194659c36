import { add, mul, softmaxCrossEntropyLoss, type Output, type Scope } from '@bluewaters/tensorflow';
import type { AuxiliaryHead } from './training-tower.js';

/**
 * float32 scalar: mean cross entropy of a network's logits, and those of its auxiliary heads by their weights.
 *
 * @param options `logits` float32 [batch, outputs]; `labels` int32 [batch], 0 to outputs - 1; `labelSmoothing` 0 to 1.
 */
export function classificationLoss(
  scope: Scope,
  options: {
    readonly logits: Output;
    readonly labels: Output;
    readonly auxiliaryHeads: readonly AuxiliaryHead[];
    readonly labelSmoothing: number;
  },
): Output {
  const { labels, auxiliaryHeads, labelSmoothing } = options;
  const lossOf = (logits: Output) => softmaxCrossEntropyLoss(scope, logits, labels, { labelSmoothing });
  return auxiliaryHeads.reduce(
    (total, { logits, weight }) => add(scope, total, mul(scope, lossOf(logits), weight)),
    lossOf(options.logits),
  );
}
