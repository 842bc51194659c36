/** Limits on the size of gradients. */
import type { DType } from '../dtypes.js';
import type { Output } from '../operation.js';
import type { Named, Scope } from '../scope.js';
import { pack } from './arrays.js';
import { add, div, l2Loss, maximum, minimum, mul, reciprocal, sqrt, square, sub, sum } from './math.js';

/** Every element between `low` and `high`, as `tf.clip_by_value`. What is not a number stays so. */
export function clipByValue<D extends DType>(
  scope: Scope,
  x: Output<D>,
  [low, high]: readonly [low: number, high: number],
  { name = 'ClipByValue' }: Named = {},
): Output<D> {
  const own = scope.child(name);
  const limits = [low, high].map((limit) => own.constant(limit, { dtype: x.dtype }));
  return own.namesake('ClipByValue', { inputs: [x, ...limits] }).output();
}

/** `x`, scaled down where its norm √(Σ x²) is above `limit`, as `tf.clip_by_norm`. */
export function clipByNorm<D extends DType>(
  scope: Scope,
  x: Output<D>,
  limit: number,
  { name = 'clip_by_norm' }: Named = {},
): Output<D> {
  const own = scope.child(name);
  const norm = sqrt(own, sum(own, square(own, x)));
  return div(own, mul(own, x, limit), maximum(own, norm, limit));
}

/** Scalar: the norm of all elements of all tensors together, √(Σ Σ x²), as `tf.linalg.global_norm`. */
export function globalNorm<D extends DType>(
  scope: Scope,
  xs: readonly Output<D>[],
  { name = 'global_norm' }: Named = {},
): Output<D> {
  const own = scope.child(name);
  const halves = pack(
    own,
    xs.map((x) => l2Loss(own, x)),
  ); // [tensors]
  return sqrt(own, mul(own, sum(own, halves), 2));
}

/** What clipping by the common norm gives. */
export interface ClippedByGlobalNorm<D extends DType = DType> {
  /** In the order in which the tensors came. */
  readonly clipped: readonly Output<D>[];
  /** Scalar: the common norm before clipping, for a summary. */
  readonly norm: Output<D>;
}

/**
 * All tensors, scaled down by one factor where their common norm is above `limit`, as `tf.clip_by_global_norm`.
 *
 * When the norm is infinite or not a number, every element of the result is NaN: a step with broken gradients must not
 * pass for one with small ones. With a dynamic loss scale such steps are left out before they get here.
 */
export function clipByGlobalNorm<D extends DType>(
  scope: Scope,
  xs: readonly Output<D>[],
  limit: number,
  { name = 'clip_by_global_norm' }: Named = {},
): ClippedByGlobalNorm<D> {
  const own = scope.child(name);
  const norm = globalNorm(own, xs);
  const finite = mul(own, minimum(own, reciprocal(own, norm), 1 / limit), limit);
  const factor = add(own, finite, sub(own, norm, norm)); // NaN where the norm is not finite
  return { clipped: xs.map((x) => mul(own, x, factor)), norm };
}
