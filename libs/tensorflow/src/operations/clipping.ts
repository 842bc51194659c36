/** Limits on the size of gradients. */
import type { DType, FloatDType, RealDType } from '../dtypes.js';
import * as raw from '../generated/operations/index.js';
import type { Output } from '../operation.js';
import { NAMESAKE, type Named, type Scope } from '../scope.js';
import type { Input } from '../typed-operation.js';
import { pack } from './arrays.js';
import { add, div, maximum, minimum, mul, reciprocal, sqrt, square, sub } from './math.js';
import { l2Loss, sum } from './reductions.js';

/** Every element between `low` and `high`, as `tf.clip_by_value`. What is not a number stays so. */
export function clipByValue<D extends DType>(
  scope: Scope,
  x: Input<D, RealDType>,
  [low, high]: readonly [low: number, high: number],
  { name = 'ClipByValue' }: Named = {},
): Output<D> {
  const own = scope.child(name);
  const clip_value_min: Output = own.constant(low, { dtype: x.dtype });
  const clip_value_max: Output = own.constant(high, { dtype: x.dtype });
  return raw.clipByValue(own, { t: x, clip_value_min, clip_value_max }, NAMESAKE);
}

/** `x`, scaled down where its norm √(Σ x²) is above `limit`, as `tf.clip_by_norm`. */
export function clipByNorm<D extends DType>(
  scope: Scope,
  x: Input<D, FloatDType>,
  limit: number,
  { name = 'clip_by_norm' }: Named = {},
): Output<D> {
  const own = scope.child(name);
  const clipped: Output = x;
  const norm = sqrt(own, sum(own, square(own, clipped)));
  return div(own, mul(own, clipped, limit), maximum(own, norm, limit));
}

/** Scalar: the norm of all elements of all tensors together, √(Σ Σ x²), as `tf.linalg.global_norm`. */
export function globalNorm<D extends DType>(
  scope: Scope,
  xs: readonly Input<D, FloatDType>[],
  { name = 'global_norm' }: Named = {},
): Output<D> {
  const own = scope.child(name);
  const half = (x: Output) => l2Loss(own, x);
  const halves = pack(own, xs.map(half)); // [tensors]
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
  xs: readonly Input<D, FloatDType>[],
  limit: number,
  { name = 'clip_by_global_norm' }: Named = {},
): ClippedByGlobalNorm<D> {
  const own = scope.child(name);
  const norm: Output = globalNorm(own, xs);
  const finite = mul(own, minimum(own, reciprocal(own, norm), 1 / limit), limit);
  const factor = add(own, finite, sub(own, norm, norm)); // NaN where the norm is not finite
  return { clipped: xs.map((x: Output) => mul(own, x, factor)), norm };
}
