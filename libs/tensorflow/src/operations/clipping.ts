/** Limits on the size of gradients. */
import type { Output } from '../operation.js';
import type { Named, Scope } from '../scope.js';
import { pack } from './arrays.js';
import { add, div, l2Loss, maximum, minimum, mul, reciprocal, sqrt, square, sub, sum } from './math.js';

/** Every element between `low` and `high`, as `tf.clip_by_value`. What is not a number stays so. */
export function clipByValue(
  scope: Scope,
  x: Output,
  [low, high]: readonly [low: number, high: number],
  { name = 'ClipByValue' }: Named = {},
): Output {
  const own = scope.child(name);
  const limits = [low, high].map((limit) => own.constant(limit, { dtype: x.dtype }));
  return own.namesake('ClipByValue', { inputs: [x, ...limits] }).output();
}

/** `x`, scaled down where its norm √(Σ x²) is above `limit`, as `tf.clip_by_norm`. */
export function clipByNorm(scope: Scope, x: Output, limit: number, { name = 'clip_by_norm' }: Named = {}): Output {
  const own = scope.child(name);
  const norm = sqrt(own, sum(own, square(own, x)));
  return div(own, mul(own, x, limit), maximum(own, norm, limit));
}

/** Scalar: the norm of all elements of all tensors together, √(Σ Σ x²), as `tf.linalg.global_norm`. */
export function globalNorm(scope: Scope, xs: readonly Output[], { name = 'global_norm' }: Named = {}): Output {
  const own = scope.child(name);
  const halves = pack(
    own,
    xs.map((x) => l2Loss(own, x)),
  ); // [tensors]
  return sqrt(own, mul(own, sum(own, halves), 2));
}

/** What clipping by the common norm gives. */
export interface ClippedByGlobalNorm {
  /** In the order in which the tensors came. */
  readonly clipped: readonly Output[];
  /** Scalar: the common norm before clipping, for a summary. */
  readonly norm: Output;
}

/**
 * All tensors, scaled down by one factor where their common norm is above `limit`, as `tf.clip_by_global_norm`.
 *
 * When the norm is infinite or not a number, every element of the result is NaN: a step with broken gradients must not
 * pass for one with small ones. With a dynamic loss scale such steps are left out before they get here.
 */
export function clipByGlobalNorm(
  scope: Scope,
  xs: readonly Output[],
  limit: number,
  { name = 'clip_by_global_norm' }: Named = {},
): ClippedByGlobalNorm {
  const own = scope.child(name);
  const norm = globalNorm(own, xs);
  const finite = mul(own, minimum(own, reciprocal(own, norm), 1 / limit), limit);
  const factor = add(own, finite, sub(own, norm, norm)); // NaN where the norm is not finite
  return { clipped: xs.map((x) => mul(own, x, factor)), norm };
}
