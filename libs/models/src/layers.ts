/** Layers of networks. Shapes are written as in NHWC, the default; the context says the data format, and the dtype. */
import {
  avgPool,
  biasAdd,
  concat,
  conv2d,
  matMul,
  maxPool,
  mean,
  pad,
  relu,
  reshape,
  split,
  type Output,
  type Padding,
  type Variable,
} from '@bluewaters/tensorflow';
import type { BuildContext } from './network.js';
import { batchNorm, type BatchNormSettings } from './normalisation.js';
import { axesOf, channelsOf, gridOf, lengthOf, paddingsOf, toNhwc } from './picture-axes.js';
import type { InitialValue } from './variable-store.js';

/** A layer's options that convolution and dense have alike. */
interface LayerOptions {
  /** Names the scope of its operations and the prefix of its variables. */
  readonly name: string;
  /** Default `relu`. */
  readonly activation?: 'relu' | 'none';
}

/**
 * What windows at the border see: with `SAME`, zeros so that a stride of 1 keeps the size; with `VALID`, nothing. `FIXED`
 * is `SAME` for a stride of 1; for larger ones it puts half the window's zeros on either side, as Caffe, PyTorch and
 * Keras's applications do, where TensorFlow puts fewer, and fewer in front than behind.
 */
export type BorderPadding = Padding | 'FIXED';

/** Options of {@link convolution}. */
export interface ConvolutionOptions extends LayerOptions {
  readonly filters: number;
  /** Side of the square window, or its height and width, in pixels. */
  readonly size: number | readonly [height: number, width: number];
  /** Default 1. */
  readonly stride?: number;
  /** Default `SAME`. */
  readonly padding?: BorderPadding;
  /** Batch normalisation takes the place of the bias. */
  readonly norm?: BatchNormSettings;
  /** False where what follows takes a bias away again. Default true, unless there is `norm`. */
  readonly bias?: boolean;
  /** Parts of the channels that do not see each other; divides `filters` and the channels of x. Default 1. */
  readonly groups?: number;
  /** How its weights start. Default `he-normal`. */
  readonly initial?: InitialValue;
}

/** Zeros around a picture, half a window wide. */
function withBorder(context: BuildContext, x: Output, [height, width]: readonly [number, number]): Output {
  const around = (length: number) => [Math.floor((length - 1) / 2), Math.ceil((length - 1) / 2)] as const;
  return pad(context.scope, x, paddingsOf(context, { height: around(height), width: around(width) }));
}

/** A variable as a layer computes with it. */
function valueOf({ scope, precision }: BuildContext, variable: Variable): Output {
  return precision?.parameter(scope, variable) ?? variable.value;
}

/** Adds the biases of a layer, one for each channel or unit. */
export function withBiases(context: BuildContext, y: Output, name: string): Output {
  const { scope, variables, dataFormat = 'NHWC' } = context;
  const isPicture = y.shape?.length === 4;
  const units = isPicture ? channelsOf(context, y) : lengthOf(y, 1);
  const biases = valueOf(context, variables.get(`${name}/biases`, [units], 'zeros'));
  return biasAdd(scope, y, biases, { dataFormat: isPicture ? dataFormat : 'NHWC' });
}

/**
 * Convolution, then a bias or batch normalisation, then the activation.
 * @param x [batch, height, width, channels].
 * @returns [batch, height / stride, width / stride, filters] when padded.
 */
export function convolution(context: BuildContext, x: Output, options: ConvolutionOptions): Output {
  const { name, norm, activation = 'relu', bias = true } = options;
  const inner = { ...context, scope: context.scope.child(name) };
  const y = convolve(inner, x, options);
  let z = y;
  if (norm) z = batchNorm(inner, y, { name: `${name}/BatchNorm`, ...norm });
  else if (bias) z = withBiases(inner, y, name);
  return activation === 'relu' ? relu(inner.scope, z) : z;
}

/** The convolution by itself, of each group of channels with its own filters. */
function convolve(context: BuildContext, x: Output, options: ConvolutionOptions): Output {
  const { name, filters, size, stride = 1, padding = 'SAME', groups = 1, initial = 'he-normal' } = options;
  const { scope, variables, dataFormat = 'NHWC' } = context;
  const window: readonly [number, number] = typeof size === 'number' ? [size, size] : size;
  const shape = [...window, channelsOf(context, x) / groups, filters];
  const weights = valueOf(context, variables.get(`${name}/weights`, shape, initial));
  const fixed = padding === 'FIXED' && stride > 1;
  const bordered = fixed ? withBorder(context, x, window) : x;
  const settings = { strides: [stride, stride], padding: paddingOf(padding, stride), dataFormat } as const;
  if (groups === 1) return conv2d(scope, bordered, weights, settings);
  const parts = split(scope, weights, groups, { axis: 3 });
  const { channels } = axesOf(context);
  const seen = split(scope, bordered, groups, { axis: channels });
  const made = seen.map((part, index) => conv2d(scope, part, parts[index]!, settings));
  return concat(scope, made, channels);
}

/** What TensorFlow is told, once {@link withBorder} has done its part. */
function paddingOf(padding: BorderPadding, stride: number): Padding {
  if (padding !== 'FIXED') return padding;
  return stride > 1 ? 'VALID' : 'SAME';
}

/** Options of {@link pooling}. */
export interface PoolingOptions {
  readonly name: string;
  /** Side of the square window, in pixels. */
  readonly size: number;
  readonly stride: number;
  /** Default `SAME`. The zeros of `FIXED` count as pixels. */
  readonly padding?: BorderPadding;
  /** What becomes of a window; padding by `SAME` counts for neither. Default `max`. */
  readonly kind?: 'max' | 'mean';
}

/**
 * The largest value, or the mean, of each window.
 * @param x [batch, height, width, channels].
 * @returns [batch, height / stride, width / stride, channels] when padded.
 */
export function pooling(context: BuildContext, x: Output, options: PoolingOptions): Output {
  const { name, size, stride, padding = 'SAME', kind = 'max' } = options;
  const pool = kind === 'max' ? maxPool : avgPool;
  const inner = { ...context, scope: context.scope.child(name) };
  const bordered = padding === 'FIXED' && stride > 1 ? withBorder(inner, x, [size, size]) : x;
  const settings = { strides: [stride, stride], padding: paddingOf(padding, stride) } as const;
  const { dataFormat = 'NHWC' } = context;
  return pool(inner.scope, bordered, [size, size], { ...settings, dataFormat });
}

/**
 * The mean of each channel over the whole picture.
 * @param x [batch, height, width, channels].
 * @returns [batch, channels].
 */
export function globalMean(context: BuildContext, x: Output): Output {
  const { height, width } = axesOf(context);
  return mean(context.scope.child('global_mean'), x, { axes: [height, width] });
}

/**
 * Branches side by side.
 * @param xs [batch, height, width, any number of channels] each.
 * @returns [batch, height, width, all channels].
 */
export function joinChannels(context: BuildContext, name: string, xs: readonly Output[]): Output {
  return concat(context.scope.child(name), xs, axesOf(context).channels);
}

/**
 * One row for each example, in the order height, width, channels.
 * @param x A picture.
 * @returns [batch, height * width * channels].
 */
export function flatten(context: BuildContext, x: Output): Output {
  const scope = context.scope.child('flatten');
  const [height, width] = gridOf(context, x);
  return reshape(scope, toNhwc({ ...context, scope }, x), [-1, height * width * channelsOf(context, x)]);
}

/**
 * Fully connected layer with bias.
 * @param x [batch, inputs].
 * @returns [batch, units].
 */
export function dense(context: BuildContext, x: Output, options: LayerOptions & { readonly units: number }): Output {
  const { name, units, activation = 'relu' } = options;
  const inner = { ...context, scope: context.scope.child(name) };
  const initial = activation === 'relu' ? 'he-normal' : 'glorot-uniform';
  const weights = context.variables.get(`${name}/weights`, [lengthOf(x, 1), units], initial);
  const y = withBiases(inner, matMul(inner.scope, x, valueOf(inner, weights)), name);
  return activation === 'relu' ? relu(inner.scope, y) : y;
}
