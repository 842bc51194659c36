import {
  add,
  assignMovingAverage,
  cast,
  dropout as drop,
  fusedBatchNorm,
  lrn,
  mean,
  mul,
  rsqrt,
  square,
  sub,
  type BatchNormResult,
  type Output,
} from '@bluewaters/tensorflow';
import type { BuildContext } from './network.js';
import { channelsOf, fromNhwc, lengthOf, toNhwc } from './picture-axes.js';

/** How batch normalisation behaves, the same all over a network. */
export interface BatchNormSettings {
  /** The part of a moving average that a step keeps, 0 to 1. */
  readonly decay: number;
  /** Added to the variance; Python's interface takes nothing below 1.001e-5, since cuDNN wants at least 1e-5. */
  readonly epsilon: number;
  /** Whether it learns a scale; a convolution behind the next rectifier can do without. Default true. */
  readonly scale?: boolean;
}

/**
 * Batch normalisation. In training it takes mean and variance of the batch and lets the moving ones follow; else, and
 * where it is frozen, it takes the moving ones.
 *
 * Its variables and moments are float32 whatever x is, as its kernels want.
 *
 * @param x [batch, height, width, channels].
 * @param options `name` is the prefix of its variables: gamma, beta, moving_mean and moving_variance, as TF-slim's.
 * @returns Of the shape and dtype of x.
 * @see Ioffe and Szegedy 2015, algorithms 1 and 2.
 */
export function batchNorm(
  context: BuildContext,
  x: Output,
  options: BatchNormSettings & { readonly name: string },
): Output {
  const { scope, variables, training, dataFormat = 'NHWC' } = context;
  const { name, decay, epsilon, scale: learnsScale = true } = options;
  const channels = channelsOf(context, x);
  const inner = scope.child('BatchNorm');
  const offset = variables.get(`${name}/beta`, [channels], 'zeros').value;
  const scale = learnsScale
    ? variables.get(`${name}/gamma`, [channels], 'ones').value
    : inner.constant(1, { shape: [channels], name: 'gamma' });
  const movingMean = variables.getStatistic(`${name}/moving_mean`, [channels], 'zeros');
  const movingVariance = variables.getStatistic(`${name}/moving_variance`, [channels], 'ones');
  if (!training || training.isFrozen(`${name}/moving_mean`)) {
    const moving = { scale, offset, mean: movingMean.value, variance: movingVariance.value };
    return fusedBatchNorm(inner, x, moving, { training: false, epsilon, dataFormat }).y;
  }
  const { y, batchMean, batchVariance } =
    training.exchange.batchStatistics === 'synchronised'
      ? normaliseTogether({ ...context, scope: inner, training }, x, { scale, offset, epsilon })
      : normaliseOwn({ ...context, scope: inner, training }, x, { scale, offset, epsilon });
  training.addUpdates(
    assignMovingAverage(inner, movingMean, { value: batchMean, decay }),
    assignMovingAverage(inner, movingVariance, { value: batchVariance, decay }),
  );
  return y;
}

/** Whether a variable is an offset that batch normalisation learns. */
export function isOffset(name: string): boolean {
  return name.endsWith('/beta');
}

/** A context in training. */
type InTraining = BuildContext & Required<Pick<BuildContext, 'training'>>;

interface Learned {
  readonly scale: Output;
  readonly offset: Output;
  readonly epsilon: number;
}

/** By mean and variance of this rank's part of the batch. */
function normaliseOwn(
  { scope, training, dataFormat = 'NHWC' }: InTraining,
  x: Output,
  learned: Learned,
): BatchNormResult {
  const { scale, offset, epsilon } = learned;
  const none = scope.constant([], { dtype: 'float32', name: 'none' });
  const own = { scale, offset, mean: none, variance: none };
  const { y, batchMean, batchVariance } = fusedBatchNorm(scope, x, own, { training: true, epsilon, dataFormat });
  if (training.exchange.batchStatistics === 'own') return { y, batchMean, batchVariance };
  const [mean, variance] = training.exchange.averageStatistics(scope, [batchMean, batchVariance]);
  return { y, batchMean: mean as Output, batchVariance: variance as Output };
}

/**
 * By mean and variance of the whole batch, over all ranks: first the mean, then the mean of the squares around it. Both at
 * once, from the mean of the squares of x itself, would lose a variance that is small beside the mean.
 */
function normaliseTogether(context: InTraining, x: Output, { scale, offset, epsilon }: Learned): BatchNormResult {
  const { scope, training, precision } = context;
  const seen = toNhwc(context, x.dtype === 'float32' ? x : cast(scope, x, 'float32'));
  const overBatch = (own: Output): Output => {
    const [whole] = training.exchange.averageStatistics(scope, [mean(scope, own, { axes: [0, 1, 2] })]);
    return whole as Output;
  };
  const batchMean = overBatch(seen);
  const centred = sub(scope, seen, batchMean);
  const variance = overBatch(square(scope, centred));
  const factor = mul(scope, scale, rsqrt(scope, add(scope, variance, epsilon)));
  const y = add(scope, mul(scope, centred, factor), offset);
  return {
    y: fromNhwc(context, precision?.input(scope, y) ?? y),
    batchMean,
    batchVariance: mul(scope, variance, unbiased(seen, training.exchange.worldSize)),
  };
}

/** What makes the variance of the numbers of a batch one of all that they may stand for: n / (n - 1). */
function unbiased(x: Output, worldSize: number): number {
  const count = [0, 1, 2].reduce((product, axis) => product * lengthOf(x, axis), worldSize);
  return count / Math.max(count - 1, 1);
}

/**
 * In training sets a random part of the activations to zero and scales up the rest; else gives them as they are.
 *
 * @param x Of any shape.
 * @param options `rate` is the part that becomes zero, 0 to 1.
 * @see Srivastava et al. 2014.
 */
export function dropout(
  { scope, training }: BuildContext,
  x: Output,
  { name, rate }: { readonly name: string; readonly rate: number },
): Output {
  if (!training) return x;
  const inner = scope.child(name);
  return drop(inner, x, { rate, seed: training.drawSeed(inner) });
}

/**
 * Local response normalisation with the constants of the paper: x / (2 + 10⁻⁴ Σ x²)^¾ over 5 neighbouring channels.
 * (TensorFlow's alpha is the paper's as it stands; Caffe divides it by the number of channels.) Its kernels are for NHWC
 * and float32.
 *
 * @param x [batch, height, width, channels].
 * @see Krizhevsky et al. 2012, section 3.3.
 */
export function localResponseNorm(context: BuildContext, x: Output, name: string): Output {
  const inner = { ...context, scope: context.scope.child(name) };
  const { scope, precision } = inner;
  const seen = toNhwc(inner, x.dtype === 'float32' ? x : cast(scope, x, 'float32'));
  const y = lrn(scope, seen, { radius: 2, bias: 2, alpha: 1e-4, beta: 0.75 });
  return fromNhwc(inner, precision?.input(scope, y) ?? y);
}
