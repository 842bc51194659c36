/** Functions of each element by itself: activations and others. */
import type { ComplexDType, ContinuousDType, DType, FloatDType, SignedDType } from '../dtypes.js';
import * as raw from '../generated/operations/index.js';
import type { Output } from '../operation.js';
import type { Named, Scope } from '../scope.js';
import type { Input } from '../typed-operation.js';
import { add, mul, square } from './math.js';

/** |x|; real numbers. */
export function abs<D extends DType>(scope: Scope, x: Input<D, SignedDType>, options: Named = {}): Output<D> {
  return raw.abs(scope, { x }, options);
}

/** -x */
export function neg<D extends DType>(
  scope: Scope,
  x: Input<D, SignedDType | ComplexDType>,
  options: Named = {},
): Output<D> {
  return raw.neg(scope, { x }, options);
}

/** -1, 0 or 1. */
export function sign<D extends DType>(
  scope: Scope,
  x: Input<D, SignedDType | ComplexDType>,
  options: Named = {},
): Output<D> {
  return raw.sign(scope, { x }, options);
}

/** The nearest whole number; a half goes to the even one. */
export function round<D extends DType>(
  scope: Scope,
  x: Input<D, SignedDType | ComplexDType>,
  options: Named = {},
): Output<D> {
  return raw.round(scope, { x }, options);
}

/** The largest whole number that is not above x. */
export function floor<D extends DType>(scope: Scope, x: Input<D, FloatDType>, options: Named = {}): Output<D> {
  return raw.floor(scope, { x }, options);
}

/** eˣ */
export function exp<D extends DType>(scope: Scope, x: Input<D, ContinuousDType>, options: Named = {}): Output<D> {
  return raw.exp(scope, { x }, options);
}

/** The natural logarithm. */
export function log<D extends DType>(scope: Scope, x: Input<D, ContinuousDType>, options: Named = {}): Output<D> {
  return raw.log(scope, { x }, options);
}

/** 1 / (1 + e⁻ˣ) */
export function sigmoid<D extends DType>(scope: Scope, x: Input<D, ContinuousDType>, options: Named = {}): Output<D> {
  return raw.sigmoid(scope, { x }, options);
}

/** The hyperbolic tangent. */
export function tanh<D extends DType>(scope: Scope, x: Input<D, ContinuousDType>, options: Named = {}): Output<D> {
  return raw.tanh(scope, { x }, options);
}

/** log(1 + eˣ) */
export function softplus<D extends DType>(
  scope: Scope,
  features: Input<D, FloatDType>,
  options: Named = {},
): Output<D> {
  return raw.softplus(scope, { features }, options);
}

/**
 * x where it is positive, eˣ - 1 elsewhere.
 *
 * @see Clevert et al. 2015.
 */
export function elu<D extends DType>(scope: Scope, features: Input<D, FloatDType>, options: Named = {}): Output<D> {
  return raw.elu(scope, { features }, options);
}

/**
 * A scaled {@link elu} that keeps mean and variance of what passes.
 *
 * @see Klambauer et al. 2017.
 */
export function selu<D extends DType>(scope: Scope, features: Input<D, FloatDType>, options: Named = {}): Output<D> {
  return raw.selu(scope, { features }, options);
}

/** x where it is positive, alpha · x elsewhere; alpha is 0.2 by default. */
export function leakyRelu<D extends DType>(
  scope: Scope,
  features: Input<D, FloatDType>,
  options: Named & { readonly alpha?: number } = {},
): Output<D> {
  return raw.leakyRelu(scope, { features }, options);
}

/**
 * x · Φ(x), where Φ is the distribution function of the standard normal distribution.
 *
 * @param options `approximate` takes a hyperbolic tangent in place of Φ, as GPT-2 and BERT's first code do; false by
 * default.
 * @see Hendrycks and Gimpel 2016.
 */
export function gelu<D extends DType>(
  scope: Scope,
  x: Input<D, FloatDType>,
  { approximate = false, name = 'gelu' }: Named & { readonly approximate?: boolean } = {},
): Output<D> {
  const own = scope.child(name);
  const plain: Output = x;
  const times = (factor: number) => mul(own, plain, factor);
  const cubic = () => add(own, mul(own, square(own, plain), 0.044715), 1); // 1 + 0.044715 x²
  const between = approximate
    ? tanh(own, mul(own, times(Math.sqrt(2 / Math.PI)), cubic()))
    : raw.erf(own, { x: times(Math.SQRT1_2) });
  return mul(own, times(0.5), add(own, between, 1));
}

/** The logarithms of the probabilities [..., classes] that `softmax` gives. */
export function logSoftmax<D extends DType>(
  scope: Scope,
  logits: Input<D, FloatDType>,
  options: Named = {},
): Output<D> {
  return raw.logSoftmax(scope, { logits }, options);
}
