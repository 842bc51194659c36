import {
  gradients,
  type Operation,
  type optimisers,
  type Output,
  type Scope,
  type Variable,
} from '@bluewaters/tensorflow';
import { classificationLoss } from './losses.js';
import type { Network } from './network.js';
import { TrainingTower } from './training-tower.js';
import type { VariableStore } from './variable-store.js';

/** One step of training, as operations of a graph. */
export interface TrainingStep {
  /** Makes one update of everything: parameters, accumulators, moving averages and the count of steps. */
  readonly step: Operation;
  /** float32 scalar: the loss of the batch before the update, without the penalty on weights. */
  readonly loss: Output;
  /** The optimiser's accumulators. */
  readonly slots: readonly Variable[];
}

/** What a training step is made from. */
export interface TrainingStepOptions {
  readonly network: Network;
  readonly variables: VariableStore;
  /** float32 [batch, height, width, channels]. */
  readonly images: Output;
  /** int32 [batch], 0 to outputs - 1. */
  readonly labels: Output;
  /** Classes + 1. */
  readonly outputs: number;
  /** int64 scalar: the steps made so far; each step adds one. */
  readonly globalStep: Variable;
  /** float32 scalar. */
  readonly learningRate: Output;
  readonly optimiser: optimisers.Optimiser;
  /** Of the random draws in the network. */
  readonly seed: number;
}

/**
 * Adds a network in training mode, its loss, its gradients and the update. Every way to train runs this step.
 *
 * @param scope Where all but variables goes.
 */
export function trainingStep(scope: Scope, options: TrainingStepOptions): TrainingStep {
  const { network, variables, labels, globalStep, learningRate, optimiser } = options;
  const training = new TrainingTower(options.seed, globalStep.value);
  const logits = network.build({ scope, variables, training }, options.images, options.outputs);
  const loss = classificationLoss(scope, {
    logits,
    labels,
    auxiliaryHeads: training.auxiliaryHeads,
    labelSmoothing: network.recipe.labelSmoothing ?? 0,
  });
  const { parameters } = variables;
  const slopes = gradients(
    scope,
    [loss],
    parameters.map((parameter) => parameter.variable.value),
  );
  const { operation, slots } = optimiser.apply(
    scope,
    parameters.map((parameter, index) => ({ ...parameter, gradient: slopes[index] as Output })),
    learningRate,
  );
  const step = scope.after(operation, ...training.updates).op('AssignAddVariableOp', {
    inputs: [globalStep.handle, scope.constant(1n)],
    attributes: { dtype: 'int64' },
  });
  return { step, loss, slots };
}
