/** Operations that rearrange tensors. */
import type { DType } from '../dtypes.js';
import type { Output } from '../operation.js';
import type { Named, Scope } from '../scope.js';

/** A vector of int32 as a constant; those of an operation are in the scope of its name, as Python has them. */
function vector(scope: Scope, values: readonly number[], name: string): Output<'int32'> {
  return scope.constant(Int32Array.from(values), { name });
}

function scalar(scope: Scope, value: number, name: string): Output<'int32'> {
  return scope.constant(value, { dtype: 'int32', name });
}

/** The same elements in another shape; one length may be -1 and is then computed. */
export function reshape<D extends DType>(
  scope: Scope,
  x: Output<D>,
  shape: readonly number[],
  { name = 'Reshape' }: Named = {},
): Output<D> {
  const own = scope.child(name);
  return own.namesake('Reshape', { inputs: [x, vector(own, shape, 'shape')] }).output();
}

/** Tensors one after the other along an axis; the other lengths are equal. */
export function concat<D extends DType>(
  scope: Scope,
  xs: readonly Output<D>[],
  axis: number,
  { name = 'concat' }: Named = {},
): Output<D> {
  const own = scope.child(name);
  return own.namesake('ConcatV2', { inputs: [xs, scalar(own, axis, 'axis')] }).output();
}

/** Tensors of one shape stacked along a new axis. */
export function pack<D extends DType>(
  scope: Scope,
  xs: readonly Output<D>[],
  { axis = 0, name }: Named & { axis?: number } = {},
): Output<D> {
  return scope.op('Pack', { name, inputs: [xs], attributes: { axis } }).output();
}

/** Without the axes of length 1 that are named. */
export function squeeze<D extends DType>(
  scope: Scope,
  x: Output<D>,
  axes: readonly number[],
  { name }: Named = {},
): Output<D> {
  return scope.op('Squeeze', { name, inputs: [x], attributes: { squeeze_dims: axes } }).output();
}

/** With a new axis of length 1. */
export function expandDims<D extends DType>(
  scope: Scope,
  x: Output<D>,
  axis: number,
  { name = 'ExpandDims' }: Named = {},
): Output<D> {
  const own = scope.child(name);
  return own.namesake('ExpandDims', { inputs: [x, scalar(own, axis, 'axis')] }).output();
}

/** The axes in another order. */
export function transpose<D extends DType>(
  scope: Scope,
  x: Output<D>,
  axes: readonly number[],
  { name = 'Transpose' }: Named = {},
): Output<D> {
  const own = scope.child(name);
  return own.namesake('Transpose', { inputs: [x, vector(own, axes, 'perm')] }).output();
}

/** The same values as another dtype; floats are cut off towards zero. */
export function cast<D extends DType>(scope: Scope, x: Output, dtype: D, { name }: Named = {}): Output<D> {
  return scope.op('Cast', { name, inputs: [x], attributes: { DstT: dtype } }).output();
}

/** The slices of `x` along `axis` that an integer tensor names. */
export function gather<D extends DType>(
  scope: Scope,
  x: Output<D>,
  indices: Output,
  { axis = 0, name = 'GatherV2' }: Named & { axis?: number } = {},
): Output<D> {
  const own = scope.child(name);
  return own.namesake('GatherV2', { inputs: [x, indices, scalar(own, axis, 'axis')] }).output();
}

/** A box. */
export interface SliceOptions extends Named {
  /** Where it starts, one number an axis. */
  readonly begin: readonly number[];
  /** Its lengths; -1 takes all that follows. */
  readonly size: readonly number[];
}

/** A box out of `x`. */
export function slice<D extends DType>(
  scope: Scope,
  x: Output<D>,
  { begin, size, name = 'Slice' }: SliceOptions,
): Output<D> {
  const own = scope.child(name);
  const box = [vector(own, begin, 'begin'), vector(own, size, 'size')];
  return own.namesake('Slice', { inputs: [x, ...box] }).output();
}

/** float32 [..., depth]: 1 at the label, 0 elsewhere; a label out of range gives all 0. */
export function oneHot(
  scope: Scope,
  labels: Output,
  depth: number,
  { name = 'OneHot' }: Named = {},
): Output<'float32'> {
  const own = scope.child(name);
  const on = own.constant(1, { name: 'on' });
  const off = own.constant(0, { name: 'off' });
  const inputs = [labels, scalar(own, depth, 'depth'), on, off];
  return own.namesake('OneHot', { inputs, attributes: { axis: -1 } }).output();
}

/** int32 [rank]: the lengths at run time. */
export function shape(scope: Scope, x: Output, { name }: Named = {}): Output<'int32'> {
  return scope.op('Shape', { name, inputs: [x] }).output();
}

/** `x` itself, under a name of its own, or after the scope's control inputs. */
export function identity<D extends DType>(scope: Scope, x: Output<D>, { name }: Named = {}): Output<D> {
  return scope.op('Identity', { name, inputs: [x] }).output();
}

/** `x`, through which no gradient passes. */
export function stopGradient<D extends DType>(scope: Scope, x: Output<D>, { name }: Named = {}): Output<D> {
  return scope.op('StopGradient', { name, inputs: [x] }).output();
}
