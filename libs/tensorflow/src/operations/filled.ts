/** Tensors made from next to nothing: one value everywhere, numbers in a row, one-hot vectors. */
import type { ArithmeticDType, DType, IndexDType } from '../dtypes.js';
import * as raw from '../generated/operations/index.js';
import type { Output } from '../operation.js';
import { NAMESAKE, type Named, type Scope } from '../scope.js';
import type { Input } from '../typed-operation.js';
import { scalar, vector } from './constants.js';
import type { Operand } from './math.js';

/**
 * The same value everywhere.
 *
 * @param dims The lengths: numbers, or an integer vector.
 * @param value A number, which becomes float32.
 */
export function fill(
  scope: Scope,
  dims: readonly number[] | Output<IndexDType>,
  value: number,
  options?: Named,
): Output<'float32'>;
/** The same of a scalar of any dtype. */
export function fill<D extends DType>(
  scope: Scope,
  dims: readonly number[] | Output<IndexDType>,
  value: Output<D>,
  options?: Named,
): Output<D>;
/** What both do. */
export function fill(
  scope: Scope,
  dims: readonly number[] | Output<IndexDType>,
  value: Operand,
  { name = 'Fill' }: Named = {},
): Output {
  const own = scope.child(name);
  const lengths = 'operation' in dims ? dims : vector(own, dims, 'dims');
  const everywhere = typeof value === 'number' ? own.constant(value, { name: 'value' }) : value;
  return raw.fill(own, { dims: lengths, value: everywhere }, NAMESAKE);
}

/** 0 in the shape and dtype of `x`. */
export function zerosLike<D extends DType>(scope: Scope, x: Output<D>, options: Named = {}): Output<D> {
  return raw.zerosLike(scope, { x }, options);
}

/** 1 in the shape and dtype of `x`. */
export function onesLike<D extends DType>(
  scope: Scope,
  x: Input<D, ArithmeticDType | 'bool'>,
  options: Named = {},
): Output<D> {
  return raw.onesLike(scope, { x }, options);
}

/** A row of numbers. */
export interface RangeOptions<D extends RangeDType = RangeDType> extends Named {
  /** The first one; 0 by default. */
  readonly start?: Operand<D>;
  /** Where it ends, not included. */
  readonly limit: Operand<D>;
  /** From one to the next; 1 by default, negative to count down. */
  readonly delta?: Operand<D>;
  /** Of the numbers above; by default that of the outputs among them, or int32. */
  readonly dtype?: D;
}

/** What can be counted in. */
export type RangeDType = 'bfloat16' | 'float16' | 'float32' | 'float64' | 'int16' | 'int32' | 'int64' | 'int8';

/** A vector of numbers from `start` up to, not including, `limit`, by `delta`. */
export function range<D extends RangeDType = 'int32'>(
  scope: Scope,
  { start = 0, limit, delta = 1, dtype, name = 'Range' }: RangeOptions<D>,
): Output<D> {
  const own = scope.child(name);
  const given = [start, limit, delta].find((value) => typeof value !== 'number');
  const counted = dtype ?? given?.dtype ?? 'int32';
  const bound = (value: Operand<D>, named: string): Output =>
    typeof value === 'number' ? own.constant(value, { dtype: counted, name: named }) : value;
  const inputs = { start: bound(start, 'start'), limit: bound(limit, 'limit'), delta: bound(delta, 'delta') };
  return raw.range(own, inputs, NAMESAKE);
}

/** float32 [..., depth]: 1 at the label, 0 elsewhere; a label out of range gives all 0. */
export function oneHot(
  scope: Scope,
  labels: Output<'int8' | 'uint8' | IndexDType>,
  depth: number,
  { name = 'OneHot' }: Named = {},
): Output<'float32'> {
  const own = scope.child(name);
  const on = own.constant(1, { name: 'on' });
  const off = own.constant(0, { name: 'off' });
  const inputs = { indices: labels, depth: scalar(own, depth, 'depth'), on_value: on, off_value: off };
  return raw.oneHot(own, inputs, { ...NAMESAKE, axis: -1 });
}
