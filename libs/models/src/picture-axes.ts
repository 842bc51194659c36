import { transpose, type DataFormat, type Output } from '@bluewaters/tensorflow';
import { CodedError } from '@bluewaters/errors';
import type { BuildContext } from './network.js';

/** Where the axes of pictures are; the batch comes first in all of them. */
export interface PictureAxes {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

const AXES: Readonly<Record<DataFormat, PictureAxes>> = {
  NHWC: { height: 1, width: 2, channels: 3 },
  NCHW: { height: 2, width: 3, channels: 1 },
};

/** Of a context, what matters here; without it pictures are NHWC. */
type Format = Pick<BuildContext, 'dataFormat'>;

/** The axes of pictures in the data format that a network is built in. */
export function axesOf({ dataFormat = 'NHWC' }: Format): PictureAxes {
  return AXES[dataFormat];
}

/** Number in an axis that must be known when the graph is built. */
export function lengthOf(x: Output, axis: number): number {
  const length = x.shape?.[axis];
  if (typeof length === 'number') return length;
  throw new CodedError('GRAPH_INVALID', `Axis ${axis} of ${x.name} must be known while the graph is built`);
}

/** Height and width of a picture, in pixels. */
export function gridOf(context: Format, x: Output): [height: number, width: number] {
  const { height, width } = axesOf(context);
  return [lengthOf(x, height), lengthOf(x, width)];
}

/** Number of channels of a picture. */
export function channelsOf(context: Format, x: Output): number {
  return lengthOf(x, axesOf(context).channels);
}

/** Pairs for `pad`: how many pixels or channels come before and after. */
export function paddingsOf(
  context: Format,
  around: Partial<Record<keyof PictureAxes, readonly [before: number, after: number]>>,
): (readonly [number, number])[] {
  const axes = axesOf(context);
  const pairs: (readonly [number, number])[] = [[0, 0], [0, 0], [0, 0], [0, 0]]; // prettier-ignore
  for (const name of ['height', 'width', 'channels'] as const) pairs[axes[name]] = around[name] ?? [0, 0];
  return pairs;
}

/** [batch, height, width, channels], whatever format the network is built in. */
export function toNhwc({ scope, dataFormat = 'NHWC' }: BuildContext, x: Output): Output {
  return dataFormat === 'NHWC' ? x : transpose(scope, x, [0, 2, 3, 1]);
}

/** Pictures [batch, height, width, channels] in the format that the network is built in. */
export function fromNhwc({ scope, dataFormat = 'NHWC' }: BuildContext, x: Output): Output {
  return dataFormat === 'NHWC' ? x : transpose(scope, x, [0, 3, 1, 2]);
}
