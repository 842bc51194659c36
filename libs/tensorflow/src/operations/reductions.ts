/** Values over some axes: sums, means, the largest, where it is, how they add up. */
import type { DType, FloatDType, NumberDType, RealDType } from '../dtypes.js';
import * as raw from '../generated/operations/index.js';
import type { Output } from '../operation.js';
import { NAMESAKE, type Named, type Scope } from '../scope.js';
import type { Input } from '../typed-operation.js';
import { stopGradient } from './arrays.js';
import { isFinite, select } from './comparisons.js';
import { scalar, vector } from './constants.js';
import { exp, log } from './elementwise.js';
import { add, sqrt, square, sub } from './math.js';

/** How a reduction is asked for. */
export interface ReductionOptions extends Named {
  /** The axes that disappear; negative ones count from the last. By default all, which gives a scalar. */
  readonly axes?: readonly number[];
  /** Leaves the axes there with length 1. */
  readonly keepDims?: boolean;
}

/** What a generated reduction takes. */
function reduction<X extends Output>(
  scope: Scope,
  type: string,
  input: X,
  { axes, keepDims = false, name = type }: ReductionOptions,
): [
  scope: Scope,
  inputs: { readonly input: X; readonly reduction_indices: Output<'int32'> },
  attributes: Named & { readonly keep_dims: boolean },
] {
  const own = scope.child(name);
  const along = axes ? vector(own, axes, 'axes') : allAxes(own, input);
  return [own, { input, reduction_indices: along }, { ...NAMESAKE, keep_dims: keepDims }];
}

/** A constant where the rank is known: some gradients need one. */
function allAxes(scope: Scope, x: Output): Output<'int32'> {
  const rank = x.shape?.length;
  if (rank !== undefined)
    return vector(
      scope,
      Array.from({ length: rank }).map((_, axis) => axis),
      'axes',
    );
  const bound = (value: number) => scope.constant(value, { dtype: 'int32' });
  const [start, delta] = [bound(0), bound(1)];
  return raw.range(scope, { start, limit: raw.rank(scope, { input: x }), delta });
}

/** The mean over some axes. */
export function mean<D extends DType>(
  scope: Scope,
  x: Input<D, NumberDType>,
  options: ReductionOptions = {},
): Output<D> {
  return raw.mean(...reduction(scope, 'Mean', x, options));
}

/** The sum over some axes. */
export function sum<D extends DType>(
  scope: Scope,
  x: Input<D, NumberDType>,
  options: ReductionOptions = {},
): Output<D> {
  return raw.sum(...reduction(scope, 'Sum', x, options));
}

/** The product over some axes. */
export function prod<D extends DType>(
  scope: Scope,
  x: Input<D, NumberDType>,
  options: ReductionOptions = {},
): Output<D> {
  return raw.prod(...reduction(scope, 'Prod', x, options));
}

/** The largest value over some axes. */
export function max<D extends DType>(scope: Scope, x: Input<D, RealDType>, options: ReductionOptions = {}): Output<D> {
  return raw.max(...reduction(scope, 'Max', x, options));
}

/** The smallest value over some axes. */
export function min<D extends DType>(scope: Scope, x: Input<D, RealDType>, options: ReductionOptions = {}): Output<D> {
  return raw.min(...reduction(scope, 'Min', x, options));
}

/** bool: whether all values over some axes are true. */
export function all(scope: Scope, x: Output<'bool'>, options: ReductionOptions = {}): Output<'bool'> {
  return raw.all(...reduction(scope, 'All', x, options));
}

/** bool: whether any value over some axes is true. */
export function any(scope: Scope, x: Output<'bool'>, options: ReductionOptions = {}): Output<'bool'> {
  return raw.any(...reduction(scope, 'Any', x, options));
}

/** The length √(Σ x²) over some axes. */
export function norm<D extends DType>(
  scope: Scope,
  x: Input<D, FloatDType>,
  { name = 'norm', ...options }: ReductionOptions = {},
): Output<D> {
  const own = scope.child(name);
  const squares: Output = square(own, x as Output);
  return sqrt(own, sum(own, squares, options));
}

/** log Σ eˣ over some axes, without overflow. */
export function logSumExp<D extends DType>(
  scope: Scope,
  x: Input<D, FloatDType>,
  { name = 'logsumexp', ...options }: ReductionOptions = {},
): Output<D> {
  const own = scope.child(name);
  const plain: Output = x;
  const largest = stopGradient(own, max(own, plain, { ...options, keepDims: true }));
  const peak = select(own, isFinite(own, largest), [largest, raw.zerosLike(own, { x: largest })]);
  const total = log(own, sum(own, exp(own, sub(own, plain, peak)), options));
  return add(own, total, raw.reshape(own, { tensor: peak, shape: raw.shape(own, { input: total }) }));
}

/** Half the sum of the squares, a scalar: the penalty of weight decay. */
export function l2Loss<D extends DType>(scope: Scope, x: Input<D, FloatDType>, options: Named = {}): Output<D> {
  return raw.l2Loss(scope, { t: x }, options);
}

/** int64: where along an axis the largest value is; the first of equals. */
export function argMax(
  scope: Scope,
  x: Output<NumberDType | 'bool'>,
  axis: number,
  { name = 'ArgMax' }: Named = {},
): Output<'int64'> {
  const own = scope.child(name);
  const inputs = { input: x, dimension: scalar(own, axis, 'dimension') };
  return raw.argMax(own, inputs, { ...NAMESAKE, output_type: 'int64' });
}

/** How sums accumulate. */
export interface CumsumOptions extends Named {
  /** 0 by default. */
  readonly axis?: number;
  /** Whether an element's own value is left out of its sum; false by default. */
  readonly exclusive?: boolean;
  /** Whether the last element is the first one that counts; false by default. */
  readonly reverse?: boolean;
}

/** For each element the sum of those up to it along an axis. */
export function cumsum<D extends DType>(
  scope: Scope,
  x: Input<D, NumberDType>,
  { axis = 0, exclusive = false, reverse = false, name = 'Cumsum' }: CumsumOptions = {},
): Output<D> {
  const own = scope.child(name);
  return raw.cumsum(own, { x, axis: scalar(own, axis, 'axis') }, { ...NAMESAKE, exclusive, reverse });
}
