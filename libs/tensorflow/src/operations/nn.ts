/** Layers of convolutional networks. Pictures are [batch, height, width, channels] unless a layout says otherwise. */
import type { DType } from '../dtypes.js';
import type { Output } from '../operation.js';
import type { Named, Scope } from '../scope.js';
import { cast } from './arrays.js';
import { less, mul } from './math.js';

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

/**
 * Convolution.
 *
 * @param filter [height, width, input channels, output channels], in either data format.
 */
export function conv2d<D extends DType>(
  scope: Scope,
  x: Output<D>,
  filter: Output<NoInfer<D>>,
  options: WindowOptions = {},
): Output<D> {
  const { strides = [1, 1], padding = 'SAME', dataFormat = 'NHWC', name } = options;
  const attributes = { strides: spatial(strides, dataFormat), padding, data_format: dataFormat };
  return scope.op('Conv2D', { name, inputs: [x, filter], attributes }).output();
}

/** Adds `bias` [channels] to every pixel or row. */
export function biasAdd<D extends DType>(
  scope: Scope,
  x: Output<D>,
  bias: Output<NoInfer<D>>,
  { dataFormat = 'NHWC', name }: Named & { readonly dataFormat?: DataFormat } = {},
): Output<D> {
  return scope.op('BiasAdd', { name, inputs: [x, bias], attributes: { data_format: dataFormat } }).output();
}

/** max(x, 0) */
export function relu<D extends DType>(scope: Scope, x: Output<D>, { name }: Named = {}): Output<D> {
  return scope.op('Relu', { name, inputs: [x] }).output();
}

/** The window of a pooling operation, in pixels. */
export type Window = readonly [height: number, width: number];

/** The largest value under a moving window. */
export function maxPool<D extends DType>(
  scope: Scope,
  x: Output<D>,
  window: Window,
  options: WindowOptions = {},
): Output<D> {
  return pool(scope, 'MaxPool', [x, window], options);
}

/** The mean under a moving window; padding does not count. */
export function avgPool<D extends DType>(
  scope: Scope,
  x: Output<D>,
  window: Window,
  options: WindowOptions = {},
): Output<D> {
  return pool(scope, 'AvgPool', [x, window], options);
}

function pool(scope: Scope, type: string, [x, window]: [Output, Window], options: WindowOptions): Output {
  const { strides = window, padding = 'SAME', dataFormat = 'NHWC', name } = options;
  const attributes = {
    ksize: spatial(window, dataFormat),
    strides: spatial(strides, dataFormat),
    padding,
    data_format: dataFormat,
  };
  return scope.op(type, { name, inputs: [x], attributes }).output();
}

/** Probabilities [..., classes] from logits of the same shape. */
export function softmax<D extends DType>(scope: Scope, logits: Output<D>, { name }: Named = {}): Output<D> {
  return scope.op('Softmax', { name, inputs: [logits] }).output();
}

/** How local response normalisation works: x / (bias + alpha · Σ x²)^beta over 2 · radius + 1 channels. */
export interface LrnOptions extends Named {
  readonly radius: number;
  readonly bias: number;
  readonly alpha: number;
  readonly beta: number;
}

/** Local response normalisation across channels; NHWC only. */
export function lrn<D extends DType>(
  scope: Scope,
  x: Output<D>,
  { radius, bias, alpha, beta, name }: LrnOptions,
): Output<D> {
  return scope.op('LRN', { name, inputs: [x], attributes: { depth_radius: radius, bias, alpha, beta } }).output();
}

/** The four vectors [channels] of batch normalisation, float32. */
export interface BatchNormInputs {
  readonly scale: Output<'float32'>;
  readonly offset: Output<'float32'>;
  /** Moving mean; when training, an empty vector. */
  readonly mean: Output<'float32'>;
  /** Moving variance; when training, an empty vector. */
  readonly variance: Output<'float32'>;
}

/** How batch normalisation runs. */
export interface BatchNormOptions extends Named {
  /** True takes mean and variance of the batch, false the moving ones. */
  readonly training: boolean;
  /** Added to the variance; 0.001 by default. */
  readonly epsilon?: number;
  readonly dataFormat?: DataFormat;
}

/** What batch normalisation gives. */
export interface BatchNormResult<D extends DType = DType> {
  /** Of the input's shape. */
  readonly y: Output<D>;
  /** [channels]: of this batch, when training. */
  readonly batchMean: Output<'float32'>;
  /** [channels]: of this batch, when training, without bias (divided by n - 1). */
  readonly batchVariance: Output<'float32'>;
}

/** Batch normalisation; moving averages are the caller's to update. */
export function fusedBatchNorm<D extends DType>(
  scope: Scope,
  x: Output<D>,
  { scale, offset, mean, variance }: BatchNormInputs,
  { training, epsilon = 0.001, dataFormat = 'NHWC', name }: BatchNormOptions,
): BatchNormResult<D> {
  const operation = scope.op('FusedBatchNormV3', {
    name,
    inputs: [x, scale, offset, mean, variance],
    attributes: { is_training: training, epsilon, data_format: dataFormat },
  });
  return { y: operation.output(0), batchMean: operation.output(1), batchVariance: operation.output(2) };
}

/** How dropout draws. */
export interface DropoutOptions extends Named {
  /** The part that becomes zero, 0 to 1; what stays is divided by 1 - rate. */
  readonly rate: number;
  /** int64 [2]: equal seeds drop the same elements. Feed or compute another one each step. */
  readonly seed: Output<'int64'>;
}

/** Sets a random part of `x` to zero. */
export function dropout<D extends DType>(
  scope: Scope,
  x: Output<D>,
  { rate, seed, name = 'dropout' }: DropoutOptions,
): Output<D> {
  const inner = scope.child(name);
  const dims = inner.op('Shape', { inputs: [x] }).output();
  const attributes = { dtype: x.dtype };
  const draws = inner.op('StatelessRandomUniform', { inputs: [dims, seed], attributes }).output();
  const kept = less(inner, draws, 1 - rate);
  return mul(inner, mul(inner, x, 1 / (1 - rate)), cast(inner, kept, x.dtype));
}

/** The k largest values of the last axis, in falling order, and where they are (int32). */
export function topK<D extends DType>(
  scope: Scope,
  x: Output<D>,
  k: number,
  { name = 'TopKV2' }: Named = {},
): { readonly values: Output<D>; readonly indices: Output<'int32'> } {
  const own = scope.child(name);
  const count = own.constant(k, { dtype: 'int32', name: 'k' });
  const operation = own.namesake('TopKV2', { inputs: [x, count], attributes: { sorted: true } });
  return { values: operation.output(0), indices: operation.output(1) };
}

/** Scores and what they should have found. */
export interface InTopKInputs {
  /** [batch, classes] */
  readonly predictions: Output<'float32'>;
  /** int32 or int64 [batch] */
  readonly labels: Output<'int32' | 'int64'>;
}

/** bool [batch]: whether the label's score is among the k largest. */
export function inTopK(
  scope: Scope,
  { predictions, labels }: InTopKInputs,
  k: number,
  { name = 'InTopKV2' }: Named = {},
): Output<'bool'> {
  const own = scope.child(name);
  const count = own.constant(k, { dtype: labels.dtype, name: 'k' });
  return own.namesake('InTopKV2', { inputs: [predictions, labels, count] }).output();
}
