/**
 * The recipes of the process that this repository builds anew. `distributed_tf_launch.pbs` of the talk ran Google's
 * tf_cnn_benchmarks on parameter servers; its successor, a few months later, ran a program of its own, and a third try
 * went over Horovod. What was asynchronous there is one step of all ranks here.
 */
import { NOT_MEASURED, type Recipe } from './recipe.js';

/** Pictures of one worker's step. */
const WORKER_BATCH = 32;

/** None of them was trained to its end here. */
const COST = 'its network: 6.95 images/s on 2 cores';

/**
 * 15 workers and a barrier every step; rate and decay of weights are those of tf_cnn_benchmarks for `inception3`, which
 * has no auxiliary head there.
 */
export const tfCnnBenchmarks2018: Recipe = {
  name: 'tf-cnn-benchmarks-2018',
  description: 'the talk’s: gradient descent on Inception v3, 15 workers of 32 pictures',
  source: 'distributed_tf_launch.pbs of the talk, 2018; tf_cnn_benchmarks, models/inception_model.py',
  network: 'inception-v3',
  hyperparameters: {
    epochs: 90,
    batch: 15 * WORKER_BATCH,
    optimiser: 'sgd',
    learningRate: 0.005,
    momentum: 0,
    weightDecay: 4e-5,
    schedule: 'constant',
    warmUpEpochs: 0,
    auxiliaryWeight: 0,
    augmentation: ['distorted-crop', 'colour', 'flip'],
  },
  cost: COST,
  result: NOT_MEASURED,
};

/**
 * 16 workers, Nesterov's momentum, and a rate of 0.4 · √workers. Its schedule multiplied the rate by 2.71 at each decay,
 * so that it rose: an error, which is not repeated. Here it falls as in Inception's own recipe, by 0.94 every 2 epochs
 * (Szegedy et al. 2016, section 8).
 */
export const tfCnnBenchmarks2018Nesterov: Recipe = {
  name: 'tf-cnn-benchmarks-2018-nesterov',
  description: 'its successor: Nesterov’s momentum, a rate of 0.4 x the root of the workers, strong smoothing',
  source: 'the successor of distributed_tf_launch.pbs, March 2018',
  network: 'inception-v3',
  hyperparameters: {
    epochs: 90,
    batch: 16 * WORKER_BATCH,
    optimiser: 'nesterov',
    learningRate: 0.4,
    rateScaling: 'square-root',
    rateScalingBatch: WORKER_BATCH,
    momentum: 0.9,
    weightDecay: 4e-5,
    schedule: 'exponential',
    warmUpEpochs: 0,
    decayEpochs: [2],
    decayFactor: 0.94,
    labelSmoothing: 0.5,
    auxiliaryWeight: 0.3,
    augmentation: ['distorted-crop', 'colour', 'flip'],
  },
  cost: COST,
  result: NOT_MEASURED,
};

/** RMSProp at 0.1, with the decay, momentum and epsilon of Inception's recipe. */
export const tfCnnBenchmarks2018Horovod: Recipe = {
  name: 'tf-cnn-benchmarks-2018-horovod',
  description: 'its third form, over Horovod: RMSProp at 0.1',
  source:
    'the Horovod job beside distributed_tf_launch.pbs, 2018; Szegedy et al. 2016, section 8, for what it left open',
  network: 'inception-v3',
  hyperparameters: {
    epochs: 90,
    batch: 16 * WORKER_BATCH,
    optimiser: 'rms-prop',
    learningRate: 0.1,
    momentum: 0.9,
    weightDecay: 4e-5,
    schedule: 'exponential',
    warmUpEpochs: 0,
    decayEpochs: [2],
    decayFactor: 0.94,
    labelSmoothing: 0.1,
    averageDecay: 0.9999,
    augmentation: ['distorted-crop', 'colour', 'flip'],
  },
  cost: COST,
  result: NOT_MEASURED,
};
