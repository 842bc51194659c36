import type { Box } from './image-example.js';

/** A box as an annotation gives it. */
export interface RawBox {
  readonly xmin: number;
  readonly ymin: number;
  readonly xmax: number;
  readonly ymax: number;
}

/** What a box's numbers are counted in: pixels of a picture of this size, or 1 by 1 where they are shares already. */
export interface BoxScale {
  readonly width: number;
  readonly height: number;
}

/** What may be wrong with a box: it reaches out of its picture, its ends are exchanged, or nothing is in it. */
export type BoxFault = 'clipped' | 'reversed' | 'empty';

/**
 * A box as shares of its picture, as in Google's `process_bounding_boxes.py`: divided by the size, clipped to 0 to 1.
 *
 * @returns the box, with `clipped` where it had to be; or why there is none: `reversed`, or `empty`, also once clipped.
 */
export function normaliseBox(raw: RawBox, { width, height }: BoxScale): { box?: Box; fault?: BoxFault } {
  if (raw.xmin > raw.xmax || raw.ymin > raw.ymax) return { fault: 'reversed' };
  const [xmin, xmax] = [share(raw.xmin, width), share(raw.xmax, width)];
  const [ymin, ymax] = [share(raw.ymin, height), share(raw.ymax, height)];
  if (xmin >= xmax || ymin >= ymax) return { fault: 'empty' };
  const clipped = raw.xmin < 0 || raw.ymin < 0 || raw.xmax > width || raw.ymax > height;
  return { box: { xmin, ymin, xmax, ymax }, ...(clipped && { fault: 'clipped' }) };
}

function share(value: number, whole: number): number {
  return Math.min(1, Math.max(0, value / whole));
}
