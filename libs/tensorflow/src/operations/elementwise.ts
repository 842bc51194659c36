/** Functions of each element by itself, and comparisons of two tensors; shapes are broadcast as in NumPy. */
import type { ContinuousDType, DType, FloatDType, RealDType } from '../dtypes.js';
import * as raw from '../generated/operations/index.js';
import type { Output } from '../operation.js';
import type { Named, Scope } from '../scope.js';
import type { Input } from '../typed-operation.js';
import { binary, type Operand } from './math.js';

/** |x|; real numbers. */
export function abs<D extends DType>(
  scope: Scope,
  x: Input<D, 'bfloat16' | 'float16' | 'float32' | 'float64' | 'int16' | 'int32' | 'int64' | 'int8'>,
  options: Named = {},
): Output<D> {
  return raw.abs(scope, { x }, options);
}

/** -x */
export function neg<D extends DType>(scope: Scope, x: Output<D>, { name }: Named = {}): Output<D> {
  return scope.op('Neg', { name, inputs: [x] }).output();
}

/** -1, 0 or 1. */
export function sign<D extends DType>(scope: Scope, x: Output<D>, { name }: Named = {}): Output<D> {
  return scope.op('Sign', { name, inputs: [x] }).output();
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

/** xʸ */
export function pow<D extends DType>(
  scope: Scope,
  x: Output<D>,
  y: Operand<NoInfer<D>>,
  { name }: Named = {},
): Output<D> {
  return binary(scope, 'Pow', [x, y], name);
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

/** The logarithms of the probabilities [..., classes] that `softmax` gives. */
export function logSoftmax<D extends DType>(
  scope: Scope,
  logits: Input<D, FloatDType>,
  options: Named = {},
): Output<D> {
  return raw.logSoftmax(scope, { logits }, options);
}

/** bool: x > y */
export function greater<D extends DType>(
  scope: Scope,
  x: Input<D, RealDType>,
  y: Operand<NoInfer<D>>,
  { name }: Named = {},
): Output<'bool'> {
  return binary(scope, 'Greater', [x, y], name);
}

/** bool: x ≥ y */
export function greaterEqual<D extends DType>(
  scope: Scope,
  x: Input<D, RealDType>,
  y: Operand<NoInfer<D>>,
  { name }: Named = {},
): Output<'bool'> {
  return binary(scope, 'GreaterEqual', [x, y], name);
}

/** bool: x ≤ y */
export function lessEqual<D extends DType>(
  scope: Scope,
  x: Input<D, RealDType>,
  y: Operand<NoInfer<D>>,
  { name }: Named = {},
): Output<'bool'> {
  return binary(scope, 'LessEqual', [x, y], name);
}

/** bool: x ≠ y */
export function notEqual<D extends DType>(
  scope: Scope,
  x: Output<D>,
  y: Operand<NoInfer<D>>,
  { name }: Named = {},
): Output<'bool'> {
  return binary(scope, 'NotEqual', [x, y], name);
}

/** bool: both */
export function logicalAnd(scope: Scope, x: Output<'bool'>, y: Output<'bool'>, options: Named = {}): Output<'bool'> {
  return raw.logicalAnd(scope, { x, y }, options);
}

/** bool: either or both */
export function logicalOr(scope: Scope, x: Output<'bool'>, y: Output<'bool'>, options: Named = {}): Output<'bool'> {
  return raw.logicalOr(scope, { x, y }, options);
}

/** bool: the opposite */
export function logicalNot(scope: Scope, x: Output<'bool'>, options: Named = {}): Output<'bool'> {
  return raw.logicalNot(scope, { x }, options);
}

/** Elements of `t` where the condition holds, of `e` elsewhere. */
export function select<D extends DType>(
  scope: Scope,
  condition: Output<'bool'>,
  [t, e]: readonly [t: Output<D>, e: Output<NoInfer<D>>],
  options: Named = {},
): Output<D> {
  return raw.selectV2(scope, { condition, t, e }, options);
}

/** [..., n, m] from x [..., n, k] and y [..., k, m]; the axes in front are broadcast. */
export function batchMatMul<D extends DType>(
  scope: Scope,
  x: Output<D>,
  y: Output<NoInfer<D>>,
  options: Named & { readonly adj_x?: boolean; readonly adj_y?: boolean } = {},
): Output<D> {
  const { name, ...attributes } = options;
  return scope.op('BatchMatMulV2', { name, inputs: [x, y], attributes }).output();
}

/** Sums of products by Einstein's convention, such as 'bij,bjk->bik'. */
export function einsum<D extends DType>(
  scope: Scope,
  equation: string,
  inputs: readonly Output<D>[],
  options: Named = {},
): Output<D> {
  return raw.einsum(scope, { inputs }, { equation, ...options });
}
