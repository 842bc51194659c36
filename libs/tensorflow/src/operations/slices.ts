/** Parts of tensors. */
import { CodedError } from '@bluewaters/errors';
import type { DType } from '../dtypes.js';
import * as raw from '../generated/operations/index.js';
import type { Output } from '../operation.js';
import { NAMESAKE, type Named, type Scope } from '../scope.js';
import { scalar, vector } from './constants.js';

/** The slices of `x` along `axis` that an integer tensor names. */
export function gather<D extends DType>(
  scope: Scope,
  x: Output<D>,
  indices: Output<'int16' | 'int32' | 'int64'>,
  { axis = 0, name = 'GatherV2' }: Named & { axis?: number } = {},
): Output<D> {
  const own = scope.child(name);
  return raw.gatherV2(own, { params: x, indices, axis: scalar(own, axis, 'axis') }, NAMESAKE);
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
  const box = { begin: vector(own, begin, 'begin'), size: vector(own, size, 'size') };
  return raw.slice(own, { input: x, ...box }, NAMESAKE);
}

/** Which elements of each axis are taken; axes behind those that are named stay whole. */
export interface StridedSliceOptions extends Named {
  /** Where it starts, one number an axis; negative ones count from the end, null is the first in the step's direction. */
  readonly start: readonly (number | null)[];
  /** Where it ends, not included; null takes all that follows in the step's direction. */
  readonly end: readonly (number | null)[];
  /** How far apart they are; negative ones go backwards. 1 by default. */
  readonly step?: readonly number[];
}

/** Elements in regular distances, as `x[start:end:step, …]` in NumPy. */
export function stridedSlice<D extends DType>(
  scope: Scope,
  x: Output<D>,
  { start, end, step = start.map(() => 1), name = 'StridedSlice' }: StridedSliceOptions,
): Output<D> {
  const own = scope.child(name);
  const bound = (values: readonly (number | null)[], named: string) =>
    vector(
      own,
      values.map((value) => value ?? 0),
      named,
    );
  const inputs = { input: x, begin: bound(start, 'begin'), end: bound(end, 'end'), strides: bound(step, 'strides') };
  return raw.stridedSlice(own, inputs, { ...NAMESAKE, begin_mask: maskOf(start), end_mask: maskOf(end) });
}

/** A bit for each axis that is open. */
function maskOf(bounds: readonly (number | null)[]): number {
  return bounds.reduce<number>((mask, bound, axis) => (bound === null ? mask | (1 << axis) : mask), 0);
}

/**
 * The parts of `x` along an axis.
 *
 * @param parts How many of equal length, or the length of each; one of them may be -1 and takes the rest.
 */
export function split<D extends DType>(
  scope: Scope,
  x: Output<D>,
  parts: number | readonly number[],
  { axis = 0, name }: Named & { readonly axis?: number } = {},
): readonly Output<D>[] {
  const equal = typeof parts === 'number';
  const own = scope.child(name ?? (equal ? 'Split' : 'SplitV'));
  const along = { value: x, split_dim: scalar(own, axis, 'axis') };
  if (equal) return raw.split(own, along, { ...NAMESAKE, num_split: parts });
  const sizes = vector(own, parts, 'size_splits');
  return raw.splitV(own, { ...along, size_splits: sizes }, { ...NAMESAKE, num_split: parts.length });
}

/**
 * The slices of `x` along an axis, without it: what {@link pack} does, undone.
 *
 * @throws {CodedError} GRAPH_INVALID when the axis's length is not known.
 */
export function unstack<D extends DType>(
  scope: Scope,
  x: Output<D>,
  { axis = 0, name }: Named & { readonly axis?: number } = {},
): readonly Output<D>[] {
  const length = x.shape?.at(axis);
  if (typeof length === 'number') return raw.unpack(scope, { value: x }, { name, axis, num: length });
  throw new CodedError('GRAPH_INVALID', `the length of axis ${axis} of ${x.name} must be known to unstack it`, {
    details: { field: x.name, expected: 'a known length', got: 'an unknown one' },
  });
}
