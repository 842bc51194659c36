import { CodedError } from '@bluewaters/errors';
import type { Output } from '@bluewaters/tensorflow';

/** Lengths of all axes. @throws {CodedError} GRAPH_INVALID where one is known only when the graph runs. */
export function lengthsOf(x: Output): readonly number[] {
  const lengths = x.shape;
  if (lengths?.every((length) => length !== null)) return lengths;
  throw new CodedError('GRAPH_INVALID', 'The shapes of a network must be known to count what it does', {
    details: { field: x.name, expected: 'known lengths', got: JSON.stringify(lengths ?? null) },
  });
}

/** Elements. */
export function sizeOf(x: Output): number {
  return lengthsOf(x).reduce((product, length) => product * length, 1);
}
