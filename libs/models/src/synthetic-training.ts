import {
  Graph,
  group,
  initializers,
  variable,
  type ComputeDType,
  type DataFormat,
  type Initializer,
  type Operation,
  type Output,
  type Scope,
  type Variable,
} from '@bluewaters/tensorflow';
import type { GradientExchange } from './gradient-exchange.js';
import type { StepSettings } from './hyperparameters.js';
import type { Network } from './network.js';
import { trainingStep, type TrainingStep } from './training-step.js';
import { VariableStore } from './variable-store.js';

/** A graph that trains by itself: give its variables their start, then run its step as often as you like. */
export interface SyntheticTraining extends TrainingStep {
  readonly graph: Graph;
  /** Gives every variable its start. */
  readonly initialize: Operation;
  /** float32 [batch, height, width, channels]. */
  readonly images: Output;
  /** int32 [batch]. */
  readonly labels: Output;
  /** The network's own variables, for building it once more beside. */
  readonly store: VariableStore;
  /** `batch/images` and `batch/labels`, then all others: parameters, statistics, accumulators, `global_step`. */
  readonly variables: readonly Variable[];
}

/** Options of {@link syntheticTraining}. */
export interface SyntheticTrainingOptions {
  readonly batch: number;
  /** Logits; 1001 by default. */
  readonly outputs?: number;
  /** Side of the pictures, in pixels; the network's own by default. */
  readonly imageSize?: number;
  /** 0.01 by default. */
  readonly learningRate?: number;
  /** As of a training step; float32 and NHWC by default. */
  readonly compute?: ComputeDType;
  readonly dataFormat?: DataFormat;
  /** As of a training step: `fastest`, and every core, by default. */
  readonly convolutions?: 'fastest' | 'stock';
  readonly threads?: number;
  /** Of initial values, pictures, labels and dropout; 1 by default. */
  readonly seed?: number;
  /** By default plain momentum with the decay of the network's own recipe. */
  readonly settings?: StepSettings;
  /** What keeps the network's variables; by default a store as it is. */
  readonly makeStore?: (root: Scope, seed: number) => VariableStore;
  /** With other ranks, each of which has pictures of its own; none by default. */
  readonly exchange?: GradientExchange;
}

/**
 * Builds a network's complete training step on one batch of random pictures, which are variables too
 * (`batch/images`, `batch/labels`): nothing needs to be fed, nothing can be computed ahead, and a checkpoint holds all
 * that another program needs to make the same step. The graph is the caller's to give back.
 */
export function syntheticTraining(network: Network, options: SyntheticTrainingOptions): SyntheticTraining {
  const { batch, outputs = 1001, imageSize = network.input.imageSize, learningRate = 0.01, seed = 1 } = options;
  const graph = new Graph();
  const root = graph.scope();
  const fixed = { trainable: false } as const;
  const images = variable(root, 'batch/images', {
    ...{ dtype: 'float32', shape: [batch, imageSize, imageSize, network.input.channels], ...fixed },
    initializer: initializers.truncatedNormal({ stddev: 1, seed }),
  });
  const labels = variable(root, 'batch/labels', {
    ...{ dtype: 'int32', shape: [batch], ...fixed },
    initializer: uniformLabels(outputs, seed),
  });
  const globalStep = variable(root, 'global_step', {
    ...{ dtype: 'int64', shape: [], ...fixed },
    initializer: initializers.zeros(),
  });
  const store = options.makeStore?.(root, seed) ?? new VariableStore(root, seed);
  const scope = root.child('train');
  const { momentum, weightDecay, labelSmoothing } = network.recipe;
  const made = trainingStep(scope, {
    ...{ network, variables: store, images: images.value, labels: labels.value, outputs, globalStep, seed },
    ...{ compute: options.compute ?? 'float32', dataFormat: options.dataFormat ?? 'NHWC' },
    ...{ convolutions: options.convolutions ?? 'fastest', threads: options.threads ?? 0 },
    ...(options.exchange && { exchange: options.exchange }),
    learningRate: scope.constant(learningRate, { name: 'learning_rate' }),
    settings: options.settings ?? { momentum, weightDecay, labelSmoothing },
  });
  const variables = [images, labels, globalStep, ...store.variables, ...made.slots, ...made.transient];
  const starts = variables.map(({ initializer }) => initializer);
  return {
    graph,
    initialize: group(root.child('initialize'), starts),
    variables,
    store,
    images: images.value,
    labels: labels.value,
    ...made,
  };
}

/** Any label but background. */
function uniformLabels(outputs: number, seed: number): Initializer {
  return (scope: Scope, shape, dtype) => {
    const dims = scope.constant(Int32Array.from(shape), { name: 'shape' });
    const key = scope.constant(BigInt64Array.of(BigInt(seed), 0n), { name: 'seed' });
    const bounds = [1, outputs].map((bound) => scope.constant(bound, { dtype }));
    return scope.op('StatelessRandomUniformInt', { inputs: [dims, key, ...bounds] }).output();
  };
}
