/** Operations that rearrange tensors. */
import { CodedError } from '@bluewaters/errors';
import type { DType } from '../dtypes.js';
import * as raw from '../generated/operations/index.js';
import type { Output } from '../operation.js';
import { NAMESAKE, type Named, type Scope } from '../scope.js';
import type { Input } from '../typed-operation.js';
import { scalar, vector } from './constants.js';

/** The same elements in another shape; one length may be -1 and is then computed. */
export function reshape<D extends DType>(
  scope: Scope,
  x: Output<D>,
  shape: readonly number[],
  { name = 'Reshape' }: Named = {},
): Output<D> {
  const own = scope.child(name);
  return raw.reshape(own, { tensor: x, shape: vector(own, shape, 'shape') }, NAMESAKE);
}

/** Tensors one after the other along an axis; the other lengths are equal. */
export function concat<D extends DType>(
  scope: Scope,
  xs: readonly Output<D>[],
  axis: number,
  { name = 'concat' }: Named = {},
): Output<D> {
  const own = scope.child(name);
  return raw.concatV2(own, { values: xs, axis: scalar(own, axis, 'axis') }, NAMESAKE);
}

/** Tensors of one shape stacked along a new axis; what {@link unstack} takes apart. */
export function pack<D extends DType>(
  scope: Scope,
  xs: readonly Output<D>[],
  { axis = 0, name }: Named & { axis?: number } = {},
): Output<D> {
  return raw.pack(scope, { values: xs }, { name, axis });
}

/** Without the axes of length 1 that are named. */
export function squeeze<D extends DType>(
  scope: Scope,
  x: Output<D>,
  axes: readonly number[],
  { name }: Named = {},
): Output<D> {
  return raw.squeeze(scope, { input: x }, { name, squeeze_dims: axes });
}

/** With a new axis of length 1. */
export function expandDims<D extends DType>(
  scope: Scope,
  x: Output<D>,
  axis: number,
  { name = 'ExpandDims' }: Named = {},
): Output<D> {
  const own = scope.child(name);
  return raw.expandDims(own, { input: x, dim: scalar(own, axis, 'axis') }, NAMESAKE);
}

/** The axes in another order. */
export function transpose<D extends DType>(
  scope: Scope,
  x: Output<D>,
  axes: readonly number[],
  { name = 'Transpose' }: Named = {},
): Output<D> {
  if (!axes.every((axis) => Number.isInteger(axis) && axis >= 0)) {
    // The kernel asserts it, and so would end the process.
    throw new CodedError('GRAPH_INVALID', 'axes are counted from 0', {
      details: { field: `${scope.name}/${name}`, expected: 'whole numbers from 0', got: axes.join() },
    });
  }
  const own = scope.child(name);
  return own.op('Transpose', { ...NAMESAKE, inputs: [x, vector(own, axes, 'perm')] }).output();
}

/** The elements of some axes in reverse order. */
export function reverse<D extends DType>(
  scope: Scope,
  x: Input<D, Exclude<DType, 'resource' | 'variant'>>,
  axes: readonly number[],
  { name = 'ReverseV2' }: Named = {},
): Output<D> {
  const own = scope.child(name);
  return raw.reverseV2(own, { tensor: x, axis: vector(own, axes, 'axis') }, NAMESAKE);
}

/** The whole tensor again and again: along each axis as often as `multiples` says. */
export function tile<D extends DType>(
  scope: Scope,
  x: Output<D>,
  multiples: readonly number[],
  { name = 'Tile' }: Named = {},
): Output<D> {
  const own = scope.child(name);
  return raw.tile(own, { input: x, multiples: vector(own, multiples, 'multiples') }, NAMESAKE);
}

/** How a tensor is padded. */
export interface PadOptions extends Named {
  /**
   * What is put there: 'zeros', the default; the mirror image without the element at the edge, 'reflect', by which abc
   * becomes abcba; or with it, 'symmetric', by which it becomes abccb.
   */
  readonly mode?: 'zeros' | 'reflect' | 'symmetric';
}

/**
 * A tensor with more elements around it.
 *
 * @param paddings How many come before and after the elements there are, a pair for each axis.
 */
export function pad<D extends DType>(
  scope: Scope,
  x: Output<D>,
  paddings: readonly (readonly [before: number, after: number])[],
  { mode = 'zeros', name = mode === 'zeros' ? 'Pad' : 'MirrorPad' }: PadOptions = {},
): Output<D> {
  const own = scope.child(name);
  const lengths = own.constant(paddings, { dtype: 'int32', shape: [paddings.length, 2], name: 'paddings' });
  const inputs = { input: x, paddings: lengths };
  if (mode === 'zeros') return raw.pad(own, inputs, NAMESAKE);
  return raw.mirrorPad(own, inputs, { ...NAMESAKE, mode: mode === 'reflect' ? 'REFLECT' : 'SYMMETRIC' });
}

/** The same values as another dtype; floats are cut off towards zero. */
export function cast<D extends DType>(scope: Scope, x: Output, dtype: D, { name }: Named = {}): Output<D> {
  return raw.cast(scope, { x }, { name, DstT: dtype });
}

/** int32 [rank]: the lengths at run time. */
export function shape(scope: Scope, x: Output, { name }: Named = {}): Output<'int32'> {
  return raw.shape(scope, { input: x }, { name });
}

/** `x` itself, under a name of its own, or after the scope's control inputs. */
export function identity<D extends DType>(scope: Scope, x: Output<D>, options: Named = {}): Output<D> {
  return raw.identity(scope, { input: x }, options);
}

/** `x`, through which no gradient passes. */
export function stopGradient<D extends DType>(scope: Scope, x: Output<D>, options: Named = {}): Output<D> {
  return raw.stopGradient(scope, { input: x }, options);
}
