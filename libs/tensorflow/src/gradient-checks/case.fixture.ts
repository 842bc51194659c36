/** What a check of gradients consists of. */
import type { AttributeValue, Output, Scope } from '../index.js';

/** Adds the function to a graph. */
export type Differentiable = (scope: Scope, xs: readonly Output[]) => Output;

/** One function, and where it is tried. */
export interface GradientCase {
  readonly name: string;
  /** Of its inputs, all of which it is derived by. */
  readonly shapes: readonly (readonly number[])[];
  /** 'positive' is 0.5 to 1.5, by default values are -0.5 to 0.5; all distinct, none near another. */
  readonly values?: 'positive';
  readonly f: Differentiable;
  /** For kernels that there are in float32 only: the same function of other operations, which float64 has. */
  readonly composed?: Differentiable;
}

/** Attributes of an operation that moves a window. */
export const attributesOf = (stride: number, padding = 'SAME') => ({ strides: [1, stride, stride, 1], padding });

/** An operation by its type. */
export function op(type: string, attributes: Readonly<Record<string, AttributeValue>> = {}): Differentiable {
  return (scope, xs) => scope.op(type, { inputs: xs, attributes }).output();
}

/** A vector of int32. */
export const ints = (scope: Scope, values: readonly number[]) => scope.constant(Int32Array.from(values));

/** An operation whose first input is derived, and whose others are vectors of int32. */
export function shaped(type: string, ...vectors: readonly (readonly number[])[]): Differentiable {
  return (scope, [x]) => scope.op(type, { inputs: [x!, ...vectors.map((vector) => ints(scope, vector))] }).output();
}

/** A reduction over some axes. */
export function reduced(type: string, axes: readonly number[], keep_dims = false): Differentiable {
  return (scope, [x]) => scope.op(type, { inputs: [x!, ints(scope, axes)], attributes: { keep_dims } }).output();
}

/** The shape of a small batch of pictures. */
export const IMAGE = [2, 4, 5, 2];
/** The shape of a small matrix. */
export const MATRIX = [3, 4];
