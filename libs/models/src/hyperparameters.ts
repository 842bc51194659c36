import type { ComputeDType } from '@bluewaters/tensorflow';
import type { Augmentation } from './augment.js';
import type { Views } from './views.js';

/** How parameters follow their gradients; `optimisers` of the tensorflow package has each. */
export type OptimiserName = 'sgd' | 'momentum' | 'nesterov' | 'rms-prop' | 'adam' | 'adam-w' | 'lars';

/** How the rate falls from its peak. */
export type DecayName = 'constant' | 'steps' | 'polynomial' | 'exponential' | 'smooth-exponential' | 'cosine';

/** What the learning rate of every step follows from, beside the length of the run. */
export interface RateSettings {
  /** Examples a step, over all ranks together. */
  readonly batch: number;
  /** Peak of the schedule, for a batch of `rateScalingBatch` where the rate is scaled. */
  readonly learningRate: number;
  /** `cosine` when left out. */
  readonly schedule?: DecayName | undefined;
  /** Epochs of the climb to the peak; when left out one, but a tenth of the run at most. */
  readonly warmUpEpochs?: number | undefined;
  /** The rate that the climb starts from; 0 when left out. */
  readonly warmUpFrom?: number | undefined;
  /** With `steps`: the epochs after which the rate falls. With both exponential ones: one number, the epochs of a fall. */
  readonly decayEpochs?: readonly number[] | undefined;
  /** What the rate is multiplied by at a fall, at most 1; 0.1 when left out. */
  readonly decayFactor?: number | undefined;
  /** The exponent of `polynomial`; 1 when left out, a straight line. */
  readonly decayPower?: number | undefined;
  /** Where `polynomial` and `cosine` end; 0 when left out. */
  readonly endLearningRate?: number | undefined;
  /** How the peak grows with the batch: not at all when left out. */
  readonly rateScaling?: 'none' | 'linear' | 'square-root' | undefined;
  /** The batch that `learningRate` is for; 256 when left out. */
  readonly rateScalingBatch?: number | undefined;
}

/** How gradients become updates. */
export interface OptimiserSettings {
  /** `momentum` when left out. */
  readonly optimiser?: OptimiserName | undefined;
  /** The part of the velocity that stays, 0 to 1; Adam's beta1; of no meaning to `sgd`. */
  readonly momentum: number;
  /** On weights only; neither on biases nor on what batch normalisation learns. */
  readonly weightDecay: number;
  /** What the rate is multiplied by for the offsets that batch normalisation learns; 1 when left out. */
  readonly offsetRate?: number | undefined;
  /** The largest norm of all gradients together; when left out they are not clipped. */
  readonly gradientClip?: number | undefined;
}

/** How batches are mixed; see `mixExamples`. */
export interface MixingSettings {
  /** Alpha of MixUp; none when left out or 0. */
  readonly mixUp?: number | undefined;
  /** Alpha of CutMix; none when left out or 0. With both, each batch draws one of them. */
  readonly cutMix?: number | undefined;
}

/** What a training step is made by. */
export interface StepSettings extends OptimiserSettings, MixingSettings {
  /** The part of each label's weight that goes to all outputs alike, 0 to 1; 0 when left out. */
  readonly labelSmoothing?: number | undefined;
  /** What the losses of auxiliary heads are multiplied by; when left out, what the network says. */
  readonly auxiliaryWeight?: number | undefined;
  /** Decay of the moving averages of weights that are evaluated and exported; none when left out or 0. */
  readonly averageDecay?: number | undefined;
  /** Parts of a batch that go through the network one after the other before one update; 1 when left out. */
  readonly microBatches?: number | undefined;
}

/** Some first epochs whose pictures have a size of their own. */
export interface SizePhase {
  /** Side of the square, in pixels. */
  readonly imageSize: number;
  /** The epoch that is the first of the next phase, from 0: with 6, epochs 0 to 5 are of this phase. */
  readonly untilEpoch: number;
}

/** All that decides how a network learns, beside its input, the pictures and the seed. */
export interface Hyperparameters extends RateSettings, StepSettings {
  readonly epochs: number;
  /** What the network computes in while it is trained; `float32` when left out. */
  readonly precision?: ComputeDType | undefined;
  /** Sizes of training pictures before that of the run, one phase after the other; none when left out. */
  readonly progressiveSizes?: readonly SizePhase[] | undefined;
  /** How pictures are looked at when the network is evaluated and served; `one` when left out. */
  readonly views?: Views | undefined;
  /** How training pictures are changed at random; not at all when left out. */
  readonly augmentation?: readonly Augmentation[] | undefined;
}
