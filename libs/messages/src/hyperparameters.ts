import { z } from 'zod';

/** Ways to change training pictures at random; `augment` of the models package says what each does. */
export const Augmentation = z.enum([
  'distorted-crop',
  'colour',
  'lighting',
  'padded-crop',
  'shift',
  'cutout',
  'erase',
  'flip',
]);
/** See {@link Augmentation:variable}. */
export type Augmentation = z.infer<typeof Augmentation>;

/** Some first epochs whose training pictures have a size of their own. */
export const SizePhase = z.strictObject({
  /** Side of the square, in pixels. */
  imageSize: z.int().positive().max(1024),
  /** The epoch that is the first of the next phase, from 0: with 6, epochs 0 to 5 are of this phase. */
  untilEpoch: z.int().positive(),
});
/** See {@link SizePhase:variable}. */
export type SizePhase = z.infer<typeof SizePhase>;

/**
 * All numbers and choices that decide how a network learns. Those with a default came after the first runs: their
 * defaults are what those runs were trained with, so that their `run.json` means what it meant.
 */
export const Hyperparameters = z.strictObject({
  epochs: z.int().positive(),
  /** Examples a step, over all ranks together. */
  batch: z.int().positive(),
  /** Peak of the schedule, for a batch of `rateScalingBatch` where the rate is scaled. */
  learningRate: z.number().positive(),
  /** The part of the velocity that stays; Adam's beta1. */
  momentum: z.number().min(0).lt(1),
  /** On weights only: neither on biases nor on what batch normalisation learns. */
  weightDecay: z.number().nonnegative(),
  /** What the rate is multiplied by for the offsets that batch normalisation learns. */
  offsetRate: z.number().positive().default(1),
  optimiser: z.enum(['sgd', 'momentum', 'nesterov', 'rms-prop', 'adam', 'adam-w', 'lars']).default('momentum'),
  schedule: z
    .enum(['constant', 'steps', 'polynomial', 'exponential', 'smooth-exponential', 'cosine'])
    .default('cosine'),
  /** Epochs of the climb to the peak; when left out one, but a tenth of the run at most. */
  warmUpEpochs: z.number().nonnegative().optional(),
  /** The rate that the climb starts from. */
  warmUpFrom: z.number().nonnegative().default(0),
  /** With `steps`: the epochs after which the rate falls. With both exponential ones: one number, the epochs of a fall. */
  decayEpochs: z.array(z.number().positive()).default([]),
  /** What the rate is multiplied by at a fall: above 1 it would rise. */
  decayFactor: z.number().gt(0).lte(1).default(0.1),
  /** The exponent of `polynomial`. */
  decayPower: z.number().positive().default(1),
  /** Where `polynomial` and `cosine` end. */
  endLearningRate: z.number().nonnegative().default(0),
  /** How the peak grows with the batch. */
  rateScaling: z.enum(['none', 'linear', 'square-root']).default('none'),
  /** The batch that `learningRate` is for. */
  rateScalingBatch: z.int().positive().default(256),
  /** Sizes of training pictures before that of the run, one phase after the other; evaluation has that of the run. */
  progressiveSizes: z.array(SizePhase).default([]),
  /** Made in a fixed order, whatever the order here. */
  augmentation: z.array(Augmentation).default([]),
  /** Alpha of MixUp; 0 for none. */
  mixUp: z.number().nonnegative().default(0),
  /** Alpha of CutMix; 0 for none. With both, each batch draws one of them. */
  cutMix: z.number().nonnegative().default(0),
  /** The part of each label's weight that goes to all outputs alike. */
  labelSmoothing: z.number().min(0).lt(1).default(0),
  /** What the losses of auxiliary heads are multiplied by; when left out, what the network says. */
  auxiliaryWeight: z.number().nonnegative().optional(),
  /** The largest norm of all gradients together; when left out they are not clipped. */
  gradientClip: z.number().positive().optional(),
  /** Decay of the moving averages of weights that are evaluated and exported; 0 for none. */
  averageDecay: z.number().min(0).lt(1).default(0),
  /** How pictures are looked at when the network is evaluated and served: `mirrored` takes the mean of both logits. */
  views: z.enum(['one', 'mirrored']).default('one'),
  /** What the network computes in while it is trained; variables, losses and updates are float32 always. */
  precision: z.enum(['float32', 'bfloat16', 'float16']).default('float32'),
  /** Parts of a batch that go through the network one after the other before one update. */
  microBatches: z.int().positive().default(1),
});
/** See {@link Hyperparameters:variable}. */
export type Hyperparameters = z.infer<typeof Hyperparameters>;
