import type { Hyperparameters } from '../hyperparameters.js';

/** Units in each of the four stages, of two 3 x 3 convolutions or of a bottleneck. @see He et al. 2015, table 1. */
export const RESNET_PLANS = {
  18: { units: [2, 2, 2, 2], bottleneck: false },
  34: { units: [3, 4, 6, 3], bottleneck: false },
  50: { units: [3, 4, 6, 3], bottleneck: true },
  101: { units: [3, 4, 23, 3], bottleneck: true },
  152: { units: [3, 8, 36, 3], bottleneck: true },
} as const;

/** A bottleneck's outputs are this many times as wide as its 3 x 3 convolution. */
export const RESNET_EXPANSION = 4;

/** Batch normalisation all over a residual network. */
export const RESNET_NORM = { decay: 0.9, epsilon: 1.001e-5 } as const;

/** For photographs, at every depth. @see Goyal et al. 2017, section 5.1. */
export const RESNET_RECIPE: Hyperparameters = {
  epochs: 90,
  batch: 256,
  learningRate: 0.1,
  momentum: 0.9,
  weightDecay: 1e-4,
  augmentation: ['distorted-crop', 'flip'],
};
