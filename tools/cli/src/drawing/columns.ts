import type { LayerProfile } from '@bluewaters/models';
import type { Segment } from './segments.js';

/** Sizes of the drawing, in pixels. */
export const SIZES = {
  box: { width: 176, height: 34 },
  laneGap: 14,
  rowGap: 14,
  /** Around the layers of a segment. */
  padding: 10,
  /** Between segments, one above the other. */
  segmentGap: 16,
  /** Between columns: the way back up goes through it. */
  columnGap: 60,
  margin: 24,
  title: 52,
} as const;

/** Width to height of the whole, where segments allow it. */
const ASPECT = 1.5;

/** A point, in pixels from the left and the top. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A layer's box. */
export interface Box extends Point {
  readonly layer: LayerProfile;
}

/** A segment's frame, and what is in it. */
export interface Frame extends Point {
  readonly segment: Segment;
  readonly width: number;
  readonly height: number;
  /** In the order of its layers. */
  readonly boxes: readonly Box[];
  /** Of the column that it stands in, from 0. */
  readonly column: number;
}

/** A whole drawing, before it is drawn. */
export interface Layout {
  readonly frames: readonly Frame[];
  readonly width: number;
  readonly height: number;
}

function extent({ lanes, layers }: Segment): { width: number; height: number } {
  const { box, laneGap, rowGap, padding } = SIZES;
  const rows = Math.max(...layers.map(({ row }) => row)) + 1;
  return {
    width: lanes * (box.width + laneGap) - laneGap + 2 * padding,
    height: rows * (box.height + rowGap) - rowGap + 2 * padding,
  };
}

/** Puts segments below one another, in as many columns as make the whole about as wide as a page. */
export function layOut(segments: readonly Segment[]): Layout {
  const { margin, title, segmentGap, columnGap } = SIZES;
  const extents = segments.map(extent);
  const area = extents.reduce((sum, { width, height }) => sum + (width + columnGap) * (height + segmentGap), 0);
  const tallest = Math.max(...extents.map(({ height }) => height), Math.sqrt(area / ASPECT));
  const top = margin + title;
  const frames: Frame[] = [];
  let [column, x, y, columnWidth] = [0, margin, top, 0];
  for (const [index, segment] of segments.entries()) {
    const { width, height } = extents[index]!;
    if (y > top && y + height > top + tallest) {
      x += columnWidth + columnGap;
      [column, y, columnWidth] = [column + 1, top, 0];
    }
    frames.push({ segment, x, y, width, height, column, boxes: boxesOf(segment, { x, y }) });
    y += height + segmentGap;
    columnWidth = Math.max(columnWidth, width);
  }
  const bottom = Math.max(...frames.map((frame) => frame.y + frame.height));
  return { frames, width: x + columnWidth + margin, height: bottom + margin };
}

function boxesOf(segment: Segment, { x, y }: Point): Box[] {
  const { box, rowGap, padding } = SIZES;
  return segment.layers.map(({ layer, row, lane }) => ({
    layer,
    x: x + padding + laneOffset(lane),
    y: y + padding + row * (box.height + rowGap),
  }));
}

/** From the left of a segment's first lane to the left of that one. */
export function laneOffset(lane: number): number {
  return lane * (SIZES.box.width + SIZES.laneGap);
}
