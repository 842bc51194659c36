import { add, cast, mul, softmaxCrossEntropyLoss, type Output, type Scope } from '@bluewaters/tensorflow';
import type { AuxiliaryHead } from './training-tower.js';

/**
 * float32 scalar: mean cross entropy of a network's logits, and those of its auxiliary heads by their weights. The heads
 * come in the dtype that the network computes in.
 *
 * @param options `logits` float32 [batch, outputs]; `labels` int32 [batch], 0 to outputs - 1, or float32
 * [batch, outputs], what each probability should be; `labelSmoothing` 0 to 1; `auxiliaryWeight` takes the place of the
 * heads' own weights.
 */
export function classificationLoss(
  scope: Scope,
  options: {
    readonly logits: Output;
    readonly labels: Output;
    readonly auxiliaryHeads: readonly AuxiliaryHead[];
    readonly labelSmoothing?: number | undefined;
    readonly auxiliaryWeight?: number | undefined;
  },
): Output {
  const { labels, auxiliaryHeads, labelSmoothing = 0, auxiliaryWeight } = options;
  const inFloat32 = (x: Output) => (x.dtype === 'float32' ? x : cast(scope, x, 'float32'));
  const lossOf = (logits: Output) => softmaxCrossEntropyLoss(scope, inFloat32(logits), labels, { labelSmoothing });
  return auxiliaryHeads.reduce(
    (total, { logits, weight }) => add(scope, total, mul(scope, lossOf(logits), auxiliaryWeight ?? weight)),
    lossOf(options.logits),
  );
}
