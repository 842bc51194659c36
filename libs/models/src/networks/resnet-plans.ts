/** What residual networks for photographs have in common. */
import type { Output } from '@bluewaters/tensorflow';
import type { Hyperparameters } from '../hyperparameters.js';
import { pooling } from '../layers.js';
import type { BuildContext } from '../network.js';

/** Units in each of the four stages, of two 3 x 3 convolutions or of a bottleneck. @see He et al. 2015, table 1. */
export const RESNET_PLANS = {
  18: { units: [2, 2, 2, 2], bottleneck: false },
  34: { units: [3, 4, 6, 3], bottleneck: false },
  50: { units: [3, 4, 6, 3], bottleneck: true },
  101: { units: [3, 4, 23, 3], bottleneck: true },
  152: { units: [3, 8, 36, 3], bottleneck: true },
} as const;

const RESNET_STAGES = 4;

/** A bottleneck's outputs are this many times as wide as its 3 x 3 convolution. */
export const RESNET_EXPANSION = 4;

/** Batch normalisation all over a residual network. */
export const RESNET_NORM = { decay: 0.9, epsilon: 1.001e-5 } as const;

/** The same in TF-slim. @see tensorflow/models, research/slim/nets/resnet_utils.py */
export const SLIM_NORM = { decay: 0.997, epsilon: 1e-5 } as const;

/**
 * The unit of a stage that halves the sides: `first` in every stage but the first, `last` in every stage but the last, as
 * TF-slim has it to keep less. What comes of it is the same, but where a bottleneck's shortcut is a projection.
 */
export type Halving = 'first' | 'last';

/** @param index Of the unit among the `count` of its stage, from 1. @param stage From 0. */
export function strideOf(
  halvesIn: Halving,
  { stage, index, count }: Readonly<Record<'stage' | 'index' | 'count', number>>,
): 1 | 2 {
  const [spared, halving] = halvesIn === 'last' ? [RESNET_STAGES - 1, count] : [0, 1];
  return stage !== spared && index === halving ? 2 : 1;
}

/** A shortcut that leaves everything as it is, of pixels `stride` apart. */
export function everyNth(context: BuildContext, x: Output, name: string, stride: number): Output {
  return stride === 1 ? x : pooling(context, x, { name, size: 1, stride });
}

/** For photographs, at every depth. @see Goyal et al. 2017, section 5.1. */
export const RESNET_RECIPE: Hyperparameters = {
  epochs: 90,
  batch: 256,
  learningRate: 0.1,
  momentum: 0.9,
  weightDecay: 1e-4,
  augmentation: ['distorted-crop', 'flip'],
};
