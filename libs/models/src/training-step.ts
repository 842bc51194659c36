import {
  add,
  afterLastReads,
  dynamicLossScale,
  fasterBatchNorms,
  fasterConvolutions,
  fasterDenseGradients,
  fasterLocalNorms,
  fasterRectifiedBiases,
  gradients,
  group,
  mixedPrecision,
  movingAverages,
  mul,
  reciprocal,
  replacesOperations,
  type ComputeDType,
  type DataFormat,
  type Operation,
  type Output,
  type Scope,
  type Variable,
} from '@bluewaters/tensorflow';
import { accumulation, microCounter } from './accumulation.js';
import { buildNetwork } from './build-network.js';
import { ALONE, type Collected, type GradientExchange } from './gradient-exchange.js';
import type { StepSettings } from './hyperparameters.js';
import { classificationLoss } from './losses.js';
import { mixes, mixExamples } from './mixing.js';
import type { Network } from './network.js';
import { isOffset } from './normalisation.js';
import { optimiserOf } from './optimiser.js';
import { TrainingTower } from './training-tower.js';
import type { Parameter, VariableStore } from './variable-store.js';

/** One step of training, as operations of a graph. */
export interface TrainingStep {
  /** Makes one update of everything: parameters, accumulators, moving averages and the count of steps. */
  readonly step: Operation;
  /**
   * There where a step is of several micro-batches: adds the gradients of one of them to those so far. Run it for all
   * but the last, which `step` itself takes.
   */
  readonly accumulate?: Operation;
  /** Where gradients are collected for an update: hands those of this rank over. `step` then is the update alone. */
  readonly contribute?: Operation;
  /** float32 scalar: the loss of the (micro-)batch of all ranks before the update, without the penalty on weights. */
  readonly loss: Output;
  /** float32 scalar: what {@link TrainingStepOptions.stopping} is on some rank; above 0 when one of them is to stop. */
  readonly stopping?: Output;
  /** Of the loss, by the parameters that are trained, in their order. */
  readonly gradients: readonly Output[];
  /** The optimiser's accumulators, the moving averages and, in float16, the loss's scale: a checkpoint must hold them. */
  readonly slots: readonly Variable[];
  /** What means nothing between two steps; it needs its start each time that a session is opened. */
  readonly transient: readonly Variable[];
  /** Moving averages by the names of what they follow; empty where the settings ask for none. */
  readonly averages: ReadonlyMap<string, Variable>;
}

/** What a training step is made from. */
export interface TrainingStepOptions {
  readonly network: Network;
  readonly variables: VariableStore;
  /** float32 [batch, height, width, channels]; a micro-batch, where a step is of several. */
  readonly images: Output;
  /** int32 [batch], 0 to outputs - 1. */
  readonly labels: Output;
  /** Classes + 1. */
  readonly outputs: number;
  /** int64 scalar: the steps made so far; each step adds one. */
  readonly globalStep: Variable;
  /** float32 scalar. */
  readonly learningRate: Output;
  readonly settings: StepSettings;
  /** What the learning rate is multiplied by for the variable of a name: 1 by default, 0 where it is frozen. */
  readonly rateOf?: (name: string) => number;
  /** Of the random draws in the network. */
  readonly seed: number;
  /**
   * What the network computes in; float32 by default. Variables, losses and updates are float32 always. Where operations of
   * our own take the place of others, bfloat16 is what factors of convolutions may be rounded to, if the processor has a unit
   * for that, and everything between them is float32: faster than TensorFlow's bfloat16 on a CPU, and more exact.
   */
  readonly compute?: ComputeDType;
  /** The order of axes that the network computes in; NHWC by default. */
  readonly dataFormat?: DataFormat;
  /**
   * Whether convolutions, their gradients and batch normalisation are TensorFlow's, bit by bit what Python computes, or
   * operations of our own wherever these are the faster ones, the default.
   */
  readonly convolutions?: 'fastest' | 'stock';
  /** Threads within an operation of ours; every core by default. Others take as many as the session was given. */
  readonly threads?: number;
  /** With the other ranks that train the same network; there are none by default. */
  readonly exchange?: GradientExchange;
  /** float32 scalar, fed: above 0 when this rank is to stop, which all must know at the same step. */
  readonly stopping?: Output;
}

/**
 * Adds a network in training mode, its loss, its gradients and the update. Every way to train runs this step.
 *
 * @param scope Where all but variables goes.
 */
export function trainingStep(scope: Scope, options: TrainingStepOptions): TrainingStep {
  const { variables, globalStep, learningRate, settings, exchange = ALONE } = options;
  const { microBatches = 1, averageDecay = 0 } = settings;
  const micro = microBatches > 1 ? microCounter(scope) : undefined;
  const draws = micro ? add(scope, mul(scope, globalStep.value, microBatches), micro.value) : globalStep.value;
  const training = towerOf(scope, draws, options);
  const own = towerLoss(scope, training, options);
  const told = tellOthers(scope, own, options);
  const parameters = trainedOf(options);
  const scaling = scalingOf(scope, options);
  const values = parameters.map((parameter) => parameter.variable.value);
  const slopes = slopesOf(scope, scaling.scaled(own), values, options);
  const sums = micro && accumulation(scope, { parameters, slopes, micro, microBatches, updates: training.updates });
  const { means, collected } = meansOf(scope, parameters, { own: sums?.totals ?? slopes, step: slopes, exchange });
  const { operation, slots } = scaling.optimiser.apply(
    scope,
    parameters.map((parameter, index) => ({ ...parameter, gradient: means[index] as Output })),
    learningRate,
  );
  const { updates, contribution } = updatesOf(scope, collected, { training, exchange });
  const made = [operation, ...updates];
  const followed = averageDecay > 0 ? variables.variables : [];
  const { update, averages } = follow(scope.after(...made), followed, { averageDecay, globalStep });
  const step = scope
    .after(...made, ...update, ...(sums?.clear(scope.after(operation)) ?? []))
    .on(globalStep.handle.operation.device)
    .op('AssignAddVariableOp', {
      inputs: [globalStep.handle, scope.constant(1n)],
      attributes: { dtype: 'int64' },
    });
  return {
    step,
    ...told,
    gradients: scaling.unscaled(slopes),
    slots: [...slots, ...averages],
    transient: sums?.transient ?? [],
    averages: new Map(averages.map((average, index) => [(followed[index] as Variable).name, average])),
    ...(sums && { accumulate: sums.accumulate }),
    ...contribution,
  };
}

/**
 * The gradients that the update is made by: the means over all, however these come about, once all values are read. Collected
 * ones are applied by a run of its own, which reads no value but for that.
 */
function meansOf(
  scope: Scope,
  parameters: readonly Parameter[],
  options: { readonly own: readonly Output[]; readonly step: readonly Output[]; readonly exchange: GradientExchange },
): { readonly means: readonly Output[]; readonly collected?: Collected } {
  const { own, step, exchange } = options;
  const variables = parameters.map((parameter) => parameter.variable);
  const collected = exchange.collect?.(scope.child('collect'), variables, own);
  if (collected) return { means: collected.means, collected };
  const means = averaged(scope.child('exchange'), own, exchange);
  const values = variables.map(({ value }) => value);
  return { means: afterLastReads(scope.child('last_reads'), means, { values, step }) };
}

/** What follows the layers' statistics: with the update itself or, where that is made elsewhere, with rank 0's gradients. */
function updatesOf(
  scope: Scope,
  collected: Collected | undefined,
  { training, exchange }: { readonly training: TrainingTower; readonly exchange: GradientExchange },
): { readonly updates: readonly Operation[]; readonly contribution: Pick<TrainingStep, 'contribute'> } {
  if (!collected) return { updates: training.updates, contribution: {} };
  const followed = exchange.rank === 0 ? training.updates : [];
  return { updates: [], contribution: { contribute: group(scope, [collected.contribute, ...followed]) } };
}

function slopesOf(scope: Scope, loss: Output, of: readonly Output[], options: TrainingStepOptions): Output[] {
  const { convolutions = 'fastest', threads, exchange = ALONE } = options;
  const slopes = gradients(scope, [loss], of, { rules: exchange.gradientRules });
  if (convolutions === 'stock') return slopes;
  const normalised = fasterBatchNorms(scope.child('norms'), slopes, threads);
  const locally = fasterLocalNorms(scope.child('localNorms'), normalised, threads);
  const products = options.compute === 'bfloat16' ? 'bfloat16' : 'float32';
  const convolved = fasterConvolutions(scope.child('convolutions'), locally, threads, products);
  const rectified = fasterRectifiedBiases(scope.child('biases'), convolved, threads);
  return fasterDenseGradients(scope.child('dense'), rectified, threads);
}

/** The loss is there first, so it travels first; and with it, whether to stop. */
function tellOthers(
  scope: Scope,
  own: Output,
  { stopping, exchange = ALONE }: TrainingStepOptions,
): Pick<TrainingStep, 'loss' | 'stopping'> {
  if (!stopping) return { loss: exchange.average(scope, [own])[0] as Output };
  const [loss, ofAll] = exchange.average(scope, [own, stopping]) as [Output, Output];
  return { loss, stopping: ofAll };
}

/** The parameters that are not frozen. */
function trainedOf({
  variables,
  settings,
  rateOf = () => 1,
}: TrainingStepOptions): (Parameter & { readonly rateFactor: number })[] {
  const { offsetRate = 1 } = settings;
  return variables.parameters
    .map((parameter) => {
      const { name } = parameter.variable;
      return { ...parameter, rateFactor: rateOf(name) * (isOffset(name) ? offsetRate : 1) };
    })
    .filter(({ rateFactor }) => rateFactor > 0);
}

/** Its draws are others on each rank. */
function towerOf(
  scope: Scope,
  draws: Output,
  { seed, rateOf = () => 1, exchange = ALONE }: TrainingStepOptions,
): TrainingTower {
  const { rank, worldSize } = exchange;
  const own = worldSize === 1 ? draws : add(scope, mul(scope, draws, worldSize), rank);
  return new TrainingTower(seed, own, { isFrozen: (name) => rateOf(name) === 0, exchange });
}

/** Back-propagation comes to the last layers first, so theirs travel first, while it goes on. */
function averaged(scope: Scope, gradients: readonly Output[], exchange: GradientExchange): readonly Output[] {
  return [...exchange.average(scope, [...gradients].reverse())].reverse();
}

/**
 * Small gradients vanish in float16, unless the loss is scaled up; bfloat16 has the range of float32. Gives the loss to
 * derive, the optimiser that takes what comes of it, and from that the gradients of the loss itself.
 */
function scalingOf(scope: Scope, { compute, settings, convolutions, exchange = ALONE }: TrainingStepOptions) {
  const optimiser = optimiserOf(settings, { velocities: exchange.velocities, fusesDense: convolutions !== 'stock' });
  if (compute !== 'float16') {
    return { optimiser, scaled: (loss: Output) => loss, unscaled: (slopes: readonly Output[]) => slopes };
  }
  const scaling = dynamicLossScale(scope.graph.scope());
  return {
    optimiser: scaling.guard(optimiser),
    scaled: (loss: Output) => scaling.scaled(scope, loss),
    unscaled: (slopes: readonly Output[]) => {
      const by = reciprocal(scope, scaling.scale.value);
      return slopes.map((slope) => mul(scope, slope, by));
    },
  };
}

/** What is between the layers of a network, as {@link TrainingStepOptions} has it. */
function networkDType({ compute = 'float32', convolutions = 'fastest' }: TrainingStepOptions): ComputeDType {
  return compute === 'bfloat16' && convolutions === 'fastest' && replacesOperations() ? 'float32' : compute;
}

function towerLoss(scope: Scope, training: TrainingTower, options: TrainingStepOptions): Output {
  const { network, variables, outputs, settings } = options;
  const { images, labels } = mixes(settings)
    ? mixExamples(scope, options, { ...settings, outputs, seed: training.drawSeed(scope) })
    : options;
  const precision = mixedPrecision(networkDType(options));
  const context = { scope, variables, training, precision, dataFormat: options.dataFormat ?? 'NHWC' };
  const logits = buildNetwork(network, context, images, outputs);
  const { labelSmoothing, auxiliaryWeight } = settings;
  return classificationLoss(scope, {
    logits,
    labels,
    auxiliaryHeads: training.auxiliaryHeads,
    labelSmoothing,
    auxiliaryWeight,
  });
}

/** Moving averages of parameters and statistics; none of none. */
function follow(
  scope: Scope,
  followed: readonly Variable[],
  { averageDecay, globalStep }: { readonly averageDecay: number; readonly globalStep: Variable },
): { readonly update: readonly Operation[]; readonly averages: readonly Variable[] } {
  if (followed.length === 0) return { update: [], averages: [] };
  const made = movingAverages(scope, followed, { decay: averageDecay, updates: globalStep.value });
  return { update: [made.update], averages: made.averages };
}
