/** What a dataset is: a description, within the graph, of elements to come. */
import type { ElementSpec } from '../graph-function.js';
import type { Output } from '../operation.js';
import type { Scope } from '../scope.js';
import type { Shape } from '../shape.js';

/** A description of elements to come. */
export interface Dataset {
  /** Scalar of dtype variant. */
  readonly variant: Output<'variant'>;
  /** What one element is made of. */
  readonly elements: readonly ElementSpec[];
}

/** A count: a number, or an int64 scalar that a run can feed. */
export type Count = number | bigint | Output<'int64'>;

/** An int64 scalar. */
export function int64(scope: Scope, value: Count, name: string): Output<'int64'> {
  return typeof value === 'object' ? value : scope.constant(BigInt(value), { name });
}

/** The two attributes by which almost every dataset operation says what its elements are. */
export function elementAttributes(elements: readonly ElementSpec[]): {
  readonly output_types: ElementSpec['dtype'][];
  readonly output_shapes: (Shape | undefined)[];
} {
  return { output_types: elements.map(({ dtype }) => dtype), output_shapes: elements.map(({ shape }) => shape) };
}
