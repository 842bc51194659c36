/** Layers of networks, but for those that move windows. */
import type { DType, FloatDType, NumberDType, RealDType } from '../dtypes.js';
import * as raw from '../generated/operations/index.js';
import type { Output } from '../operation.js';
import { NAMESAKE, type Named, type Scope } from '../scope.js';
import type { Input } from '../typed-operation.js';
import { cast } from './arrays.js';
import { less } from './comparisons.js';
import { scalar } from './constants.js';
import { mul } from './math.js';
import type { DataFormat } from './windows.js';

/** Adds `bias` [channels] to every pixel or row. */
export function biasAdd<D extends DType>(
  scope: Scope,
  x: Input<D, NumberDType>,
  bias: Output<NoInfer<D>>,
  { dataFormat = 'NHWC', name }: Named & { readonly dataFormat?: DataFormat } = {},
): Output<D> {
  return raw.biasAdd(scope, { value: x, bias }, { name, data_format: dataFormat });
}

/** max(x, 0) */
export function relu<D extends DType>(scope: Scope, x: Input<D, RealDType>, options: Named = {}): Output<D> {
  return raw.relu(scope, { features: x }, options);
}

/** Probabilities [..., classes] from logits of the same shape. */
export function softmax<D extends DType>(scope: Scope, logits: Input<D, FloatDType>, options: Named = {}): Output<D> {
  return raw.softmax(scope, { logits }, options);
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
  x: Input<D, 'bfloat16' | 'float16' | 'float32'>,
  { radius, bias, alpha, beta, name }: LrnOptions,
): Output<D> {
  return raw.lrn(scope, { input: x }, { name, depth_radius: radius, bias, alpha, beta });
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
  x: Input<D, 'bfloat16' | 'float16' | 'float32'>,
  parameters: BatchNormInputs,
  { training, epsilon = 0.001, dataFormat = 'NHWC', name }: BatchNormOptions,
): BatchNormResult<D> {
  const attributes = { name, is_training: training, epsilon, data_format: dataFormat };
  const { y, batch_mean, batch_variance } = raw.fusedBatchNormV3(scope, { x, ...parameters }, attributes);
  return { y, batchMean: batch_mean, batchVariance: batch_variance };
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
  x: Input<D, FloatDType>,
  { rate, seed, name = 'dropout' }: DropoutOptions,
): Output<D> {
  const inner = scope.child(name);
  const dims = raw.shape(inner, { input: x });
  const draws = raw.statelessRandomUniform<FloatDType>(inner, { shape: dims, seed }, { dtype: x.dtype as FloatDType });
  const kept = less(inner, draws, 1 - rate);
  return mul(inner, mul(inner, x as Output, 1 / (1 - rate)), cast(inner, kept, x.dtype));
}

/** The k largest values of the last axis, in falling order, and where they are (int32). */
export function topK<D extends DType>(
  scope: Scope,
  x: Input<D, RealDType>,
  k: number,
  { name = 'TopKV2' }: Named = {},
): { readonly values: Output<D>; readonly indices: Output<'int32'> } {
  const own = scope.child(name);
  return raw.topKV2(own, { input: x, k: scalar(own, k, 'k') }, { ...NAMESAKE, sorted: true });
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
  return raw.inTopKV2(own, { predictions, targets: labels, k: count }, NAMESAKE);
}
