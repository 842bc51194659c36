/** Windows that move over pictures: convolutions and pools. Pictures are [batch, height, width, channels] unless a layout says otherwise. */
import { CodedError } from '@bluewaters/errors';
import type { DType, FloatDType, RealDType } from '../dtypes.js';
import * as raw from '../generated/operations/index.js';
import type { Output } from '../operation.js';
import { NAMESAKE, type Named, type Scope } from '../scope.js';
import type { Input } from '../typed-operation.js';
import { concat, shape } from './arrays.js';
import { vector } from './constants.js';
import { slice } from './slices.js';

/** The order of a picture's axes; NHWC is the default everywhere, NCHW often the faster one on GPUs. */
export type DataFormat = 'NHWC' | 'NCHW';

/** 'SAME' pads with zeros so that a stride of 1 keeps the size; 'VALID' pads nothing. */
export type Padding = 'SAME' | 'VALID';

/** How a window moves over a picture. */
export interface WindowOptions extends Named {
  /** Height and width of a step, in pixels; 1 by default for convolutions, the window's size for pooling. */
  readonly strides?: readonly [height: number, width: number];
  /** 'SAME' by default. */
  readonly padding?: Padding;
  readonly dataFormat?: DataFormat;
}

/** Lengths along all four axes, from those of height and width. */
function spatial([height, width]: readonly [number, number], format: DataFormat): number[] {
  return format === 'NHWC' ? [1, height, width, 1] : [1, 1, height, width];
}

/** What can be convolved. */
type ConvolvedDType = FloatDType | 'int32';

/** The attributes of a convolution. */
function attributesOf({ strides = [1, 1], padding = 'SAME', dataFormat = 'NHWC' }: WindowOptions) {
  return { strides: spatial(strides, dataFormat), padding, data_format: dataFormat };
}

/**
 * Convolution.
 *
 * @param filter [height, width, input channels, output channels], in either data format.
 */
export function conv2d<D extends DType>(
  scope: Scope,
  x: Input<D, ConvolvedDType>,
  filter: Output<NoInfer<D>>,
  options: WindowOptions = {},
): Output<D> {
  return raw.conv2D(scope, { input: x, filter }, { name: options.name, ...attributesOf(options) });
}

/**
 * Convolution of each channel by itself; `multiplier` channels come of each.
 *
 * @param filter [height, width, channels, multiplier], in either data format.
 * @param options Both strides are equal.
 */
export function depthwiseConv2d<D extends DType>(
  scope: Scope,
  x: Input<D, FloatDType>,
  filter: Output<NoInfer<D>>,
  options: WindowOptions = {},
): Output<D> {
  return raw.depthwiseConv2dNative(scope, { input: x, filter }, { name: options.name, ...attributesOf(options) });
}

/** How a transposed convolution goes. */
export interface Conv2dTransposeOptions extends WindowOptions {
  /** Height and width of the result: those of pictures from which a convolution with these options makes `x`. */
  readonly size: readonly [height: number, width: number];
}

/**
 * The gradient of a convolution by its input, which makes pictures larger where strides make them smaller.
 *
 * @param filter [height, width, output channels, input channels], as of the convolution that is turned round.
 * @throws {CodedError} GRAPH_INVALID when the number of output channels is not known.
 */
export function conv2dTranspose<D extends DType>(
  scope: Scope,
  x: Output<D>,
  filter: Input<NoInfer<D>, ConvolvedDType>,
  { size, name = 'conv2d_transpose', ...options }: Conv2dTransposeOptions,
): Output<D> {
  const own = scope.child(name);
  const [height, width] = size;
  const channels = channelsMade(filter);
  const lengths = options.dataFormat === 'NCHW' ? [channels, height, width] : [height, width, channels];
  const batch = slice(own, shape(own, x), { begin: [0], size: [1] });
  const sizes = concat(own, [batch, vector(own, lengths, 'lengths')], 0, { name: 'input_sizes' });
  const inputs = { input_sizes: sizes, filter, out_backprop: x };
  return raw.conv2DBackpropInput(own, inputs, { ...NAMESAKE, ...attributesOf(options) });
}

function channelsMade(filter: Output): number {
  const channels = filter.shape?.[2];
  if (typeof channels === 'number') return channels;
  throw new CodedError('GRAPH_INVALID', `the number of output channels of ${filter.name} must be known`, {
    details: { field: filter.name, expected: 'a known length of axis 2', got: 'an unknown one' },
  });
}

/** The window of a pooling operation, in pixels. */
export type Window = readonly [height: number, width: number];

/** The largest value under a moving window. */
export function maxPool<D extends DType>(
  scope: Scope,
  x: Input<D, Exclude<RealDType, 'uint32' | 'uint64'>>,
  window: Window,
  options: WindowOptions = {},
): Output<D> {
  return raw.maxPool(scope, { input: x }, poolAttributes(window, options));
}

/** The mean under a moving window; padding does not count. */
export function avgPool<D extends DType>(
  scope: Scope,
  x: Input<D, FloatDType>,
  window: Window,
  options: WindowOptions = {},
): Output<D> {
  return raw.avgPool(scope, { value: x }, poolAttributes(window, options));
}

function poolAttributes(window: Window, { strides = window, name, ...options }: WindowOptions) {
  const ksize = spatial(window, options.dataFormat ?? 'NHWC');
  return { name, ksize, ...attributesOf({ strides, ...options }) };
}

/** A data format, and a name. */
type LayoutOptions = Named & { readonly dataFormat?: DataFormat };

/** [batch, height / n, width / n, channels · n²]: each square of n × n pixels becomes one pixel. */
export function spaceToDepth<D extends DType>(
  scope: Scope,
  x: Output<D>,
  n: number,
  { dataFormat = 'NHWC', name }: LayoutOptions = {},
): Output<D> {
  return raw.spaceToDepth(scope, { input: x }, { name, block_size: n, data_format: dataFormat });
}

/** [batch, height · n, width · n, channels / n²]: what {@link spaceToDepth} does, undone. */
export function depthToSpace<D extends DType>(
  scope: Scope,
  x: Output<D>,
  n: number,
  { dataFormat = 'NHWC', name }: LayoutOptions = {},
): Output<D> {
  return raw.depthToSpace(scope, { input: x }, { name, block_size: n, data_format: dataFormat });
}
