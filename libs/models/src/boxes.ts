import {
  add,
  expandDims,
  greaterEqual,
  less,
  logicalAnd,
  unstack,
  type Output,
  type Scope,
} from '@bluewaters/tensorflow';

/** A rectangle of a picture, in pixels; it may reach beyond the picture. */
export interface Box {
  /** float32 [2]: of its upper left pixel, row and column; whole numbers. */
  readonly corner: Output;
  /** float32 [2]: height and width; whole numbers. */
  readonly size: Output;
}

/** bool [height, width, 1]: whether a pixel is in the box. */
export function insideBox(
  scope: Scope,
  [height, width]: readonly [height: number, width: number],
  { corner, size }: Box,
): Output<'bool'> {
  const [top, left] = unstack(scope, corner) as [Output, Output];
  const [bottom, right] = unstack(scope, add(scope, corner, size)) as [Output, Output];
  const within = (length: number, first: Output, end: Output): Output<'bool'> => {
    const place = scope.constant(Float32Array.from({ length }, (_, i) => i));
    return logicalAnd(scope, greaterEqual(scope, place, first), less(scope, place, end));
  };
  const rows = expandDims(scope, within(height, top, bottom), 1); // [height, 1]
  const cells = logicalAnd(scope, rows, within(width, left, right)); // [height, width]
  return expandDims(scope, cells, 2);
}
