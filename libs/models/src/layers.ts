import { CodedError } from '@bluewaters/errors';
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
} from '@bluewaters/tensorflow';
import type { BuildContext } from './network.js';
import { batchNorm, type BatchNormSettings } from './normalisation.js';

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
}

/** Number in an axis that must be known when the graph is built. */
function axis(x: Output, index: number): number {
  const size = x.shape?.[index];
  if (typeof size === 'number') return size;
  throw new CodedError('GRAPH_INVALID', `Axis ${index} of ${x.name} must be known while the graph is built`);
}

/** Height and width of a picture, in pixels. */
export function gridOf(x: Output): [height: number, width: number] {
  return [axis(x, 1), axis(x, 2)];
}

/** Number of channels of a picture. */
export function channelsOf(x: Output): number {
  return axis(x, 3);
}

/** Zeros around a picture, half a window wide. */
function withBorder({ scope }: BuildContext, x: Output, [height, width]: readonly [number, number]): Output {
  const around = (length: number) => [Math.floor((length - 1) / 2), Math.ceil((length - 1) / 2)] as const;
  return pad(scope, x, [[0, 0], around(height), around(width), [0, 0]]);
}

/**
 * Convolution, then a bias or batch normalisation, then the activation.
 * @param x float32 [batch, height, width, channels].
 * @returns float32 [batch, height / stride, width / stride, filters] when padded.
 */
export function convolution(context: BuildContext, x: Output, options: ConvolutionOptions): Output {
  const { name, filters, norm, activation = 'relu', bias = true } = options;
  const inner = { ...context, scope: context.scope.child(name) };
  const y = convolve(inner, x, options);
  let z = y;
  if (norm) z = batchNorm(inner, y, { name: `${name}/BatchNorm`, channels: filters, ...norm });
  else if (bias) z = biasAdd(inner.scope, y, context.variables.get(`${name}/biases`, [filters], 'zeros').value);
  return activation === 'relu' ? relu(inner.scope, z) : z;
}

/** The convolution by itself, of each group of channels with its own filters. */
function convolve(context: BuildContext, x: Output, options: ConvolutionOptions): Output {
  const { name, filters, size, stride = 1, padding = 'SAME', groups = 1 } = options;
  const { scope, variables } = context;
  const window: readonly [number, number] = typeof size === 'number' ? [size, size] : size;
  const weights = variables.get(`${name}/weights`, [...window, channelsOf(x) / groups, filters], 'he-normal').value;
  const fixed = padding === 'FIXED' && stride > 1;
  const bordered = fixed ? withBorder(context, x, window) : x;
  const settings = { strides: [stride, stride], padding: paddingOf(padding, stride) } as const;
  if (groups === 1) return conv2d(scope, bordered, weights, settings);
  const parts = split(scope, weights, groups, { axis: 3 });
  const seen = split(scope, bordered, groups, { axis: 3 });
  return concat(
    scope,
    seen.map((part, index) => conv2d(scope, part, parts[index]!, settings)),
    3,
  );
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
 * @param x float32 [batch, height, width, channels].
 * @returns float32 [batch, height / stride, width / stride, channels] when padded.
 */
export function pooling(context: BuildContext, x: Output, options: PoolingOptions): Output {
  const { name, size, stride, padding = 'SAME', kind = 'max' } = options;
  const pool = kind === 'max' ? maxPool : avgPool;
  const inner = { ...context, scope: context.scope.child(name) };
  const bordered = padding === 'FIXED' && stride > 1 ? withBorder(inner, x, [size, size]) : x;
  const settings = { strides: [stride, stride], padding: paddingOf(padding, stride) } as const;
  return pool(inner.scope, bordered, [size, size], settings);
}

/**
 * The mean of each channel over the whole picture.
 * @param x float32 [batch, height, width, channels].
 * @returns float32 [batch, channels].
 */
export function globalMean(context: BuildContext, x: Output): Output {
  return mean(context.scope.child('global_mean'), x, { axes: [1, 2] });
}

/**
 * Branches side by side.
 * @param xs float32 [batch, height, width, any number of channels] each.
 * @returns float32 [batch, height, width, all channels].
 */
export function joinChannels(context: BuildContext, name: string, xs: readonly Output[]): Output {
  return concat(context.scope.child(name), xs, 3);
}

/**
 * One row for each example.
 * @param x float32 [batch, …].
 * @returns float32 [batch, product of the other axes].
 */
export function flatten(context: BuildContext, x: Output): Output {
  const width = (x.shape ?? []).slice(1).reduce<number>((product, _, index) => product * axis(x, index + 1), 1);
  return reshape(context.scope.child('flatten'), x, [-1, width]);
}

/**
 * Fully connected layer with bias.
 * @param x float32 [batch, inputs].
 * @returns float32 [batch, units].
 */
export function dense(context: BuildContext, x: Output, options: LayerOptions & { readonly units: number }): Output {
  const { name, units, activation = 'relu' } = options;
  const scope = context.scope.child(name);
  const initial = activation === 'relu' ? 'he-normal' : 'glorot-uniform';
  const weights = context.variables.get(`${name}/weights`, [axis(x, 1), units], initial);
  const biases = context.variables.get(`${name}/biases`, [units], 'zeros');
  const y = biasAdd(scope, matMul(scope, x, weights.value), biases.value);
  return activation === 'relu' ? relu(scope, y) : y;
}
