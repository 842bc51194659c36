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

/** A bottleneck's outputs are this many times as wide as its 3 x 3 convolution. */
export const RESNET_EXPANSION = 4;

/** Batch normalisation all over a residual network. */
export const RESNET_NORM = { decay: 0.9, epsilon: 1.001e-5 } as const;

/** The same in TF-slim. @see tensorflow/models, research/slim/nets/resnet_utils.py */
export const SLIM_NORM = { decay: 0.997, epsilon: 1e-5 } as const;

/**
 * The unit of a stage that halves the sides: `first` in every stage but the first, `last` in every stage but the last, as
 * TF-slim has it.
 */
export type Halving = 'first' | 'last';

/** Where a unit stands. */
export interface Place {
  /** Prefix of the names of its layers: `block1/unit1` is the first. */
  readonly name: string;
  /** Of its 3 x 3 convolutions: 64 in the first stage, twice as many in each that follows. */
  readonly filters: number;
  readonly stride: 1 | 2;
  /** Whether it is the first of its stage. */
  readonly first: boolean;
}

/** All units, in their order. */
export function unitsOf(depth: keyof typeof RESNET_PLANS, halvesIn: Halving): readonly Place[] {
  const { units } = RESNET_PLANS[depth];
  return units.flatMap((count, stage) => {
    const [spared, halving] = halvesIn === 'last' ? [units.length - 1, count] : [0, 1];
    return Array.from(
      { length: count },
      (_, i): Place => ({
        name: `block${stage + 1}/unit${i + 1}`,
        filters: 64 * 2 ** stage,
        stride: stage !== spared && i + 1 === halving ? 2 : 1,
        first: i === 0,
      }),
    );
  });
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
