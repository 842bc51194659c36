/** Shapes: of tensors, where every length is known, and of outputs, where some may not be. */

/** Lengths by axis; null is a length known only when the graph runs. `[]` is a scalar. */
export type Shape = readonly (number | null)[];

/** How many elements a tensor of this shape holds. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** For messages: `[?,28,28,1]`, or `[...]` when not even the rank is known. */
export function describeShape(shape: Shape | undefined): string {
  return shape ? `[${shape.map((length) => length ?? '?').join(',')}]` : '[...]';
}

/**
 * The shape of a batch of elements: one more axis in front.
 *
 * @param batch Null when the last batch may be smaller.
 */
export function batchedShape(batch: number | null, shape: Shape | undefined): Shape | undefined {
  return shape && [batch, ...shape];
}
