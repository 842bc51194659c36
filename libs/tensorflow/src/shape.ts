/** Shapes: of tensors, where every length is known, and of outputs, where some may not be. */

/** Lengths by axis; null is a length known only when the graph runs. `[]` is a scalar. */
export type Shape = readonly (number | null)[];

/** How many elements a tensor of this shape holds. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Axes that TensorFlow's shapes can have: it ends the process where a tensor is to have more. */
export const MOST_AXES = 254;

/** Elements, and so bytes, beyond which nobody's memory reaches; 2^47 bytes are all that a process can address. */
const MOST_ELEMENTS = 2 ** 47;

/**
 * Whether a tensor can have the shape. TensorFlow's own checks are assertions, which end the process.
 *
 * @param shape Lengths by axis, as a caller wrote them.
 */
export function isTensorShape(shape: readonly number[]): boolean {
  const lengths = shape.every((length) => Number.isSafeInteger(length) && length >= 0);
  // Lengths beside a zero must not overflow either.
  return lengths && shape.length <= MOST_AXES && elementCount(shape.map((length) => length || 1)) <= MOST_ELEMENTS;
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
