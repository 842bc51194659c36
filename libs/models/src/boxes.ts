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

/**
 * bool [height, width · channels]: whether a pixel is in the box, once for each of its channels. By whole rows, since
 * three values at a time are too few for the CPU's vectors.
 */
export function insideBox(
  scope: Scope,
  [height, width, channels]: readonly [height: number, width: number, channels: number],
  { corner, size }: Box,
): Output<'bool'> {
  const [top, left] = unstack(scope, corner) as [Output, Output];
  const [bottom, right] = unstack(scope, add(scope, corner, size)) as [Output, Output];
  const within = (places: Float32Array<ArrayBuffer>, first: Output, end: Output): Output<'bool'> => {
    const place = scope.constant(places);
    return logicalAnd(scope, greaterEqual(scope, place, first), less(scope, place, end));
  };
  const rows = within(
    Float32Array.from({ length: height }, (_, row) => row),
    top,
    bottom,
  );
  const columns = within(
    Float32Array.from({ length: width * channels }, (_, i) => Math.floor(i / channels)),
    left,
    right,
  );
  return logicalAnd(scope, expandDims(scope, rows, 1), columns);
}
