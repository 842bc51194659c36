import {
  classify,
  trainingStep,
  VariableStore,
  type InputContract,
  type Network,
  type TrainingStep,
} from '@bluewaters/models';
import {
  Graph,
  group,
  identity,
  initializers,
  saver,
  sparseSoftmaxCrossEntropy,
  topK,
  variable,
  type Operation,
  type Output,
  type Saver,
  type Scope,
  type Variable,
} from '@bluewaters/tensorflow';
import type { TrainRequest } from '@bluewaters/messages';
import { addInspection, lookAtFirstLayer, type FirstPicture, type Inspection } from './inspection.js';
import { evaluationPipeline, trainingPipeline, type InputPipeline, type TrainingPipeline } from './input-pipeline.js';
import type { Ledger } from './servers/ledger.js';
import type { Way } from './ways.js';

/** Everything that a run does with TensorFlow, as operations to run and tensors to feed and fetch. */
export interface TrainingGraph {
  readonly graph: Graph;
  /** Gives every variable its start. */
  readonly initialize: Operation;
  /** Gives a start to those variables that a checkpoint does not hold. */
  readonly prepare: Operation;
  /** Gives a start to what a worker that joins others has for itself. */
  readonly join: Operation;
  readonly training: TrainingPipeline & {
    /** float32 scalar, fed each step. */
    readonly learningRate: Output;
    /** float32 scalar, fed each step: 1 when this rank was asked to stop. */
    readonly askedToStop: Output;
    /** float32 scalar: above 0 when some rank was asked to stop. */
    readonly stopping: Output;
    /** Reads a batch, or its last micro-batch, and makes one update. */
    readonly step: Operation;
    /** Reads a micro-batch and keeps its gradients for the update; there where a batch has several. */
    readonly accumulate?: Operation;
    /** Reads a batch and hands its gradients over; there where `step` is made of what several hand over. */
    readonly contribute?: Operation;
    /** int64 scalar, after `step`: contributions so far that came too late for it; there where `contribute` is. */
    readonly dropped?: Output;
    /** float32 scalar: mean cross entropy of the (micro-)batch before the update. */
    readonly loss: Output;
    /** Of the loss, by the parameters in their order. */
    readonly gradients: readonly Output[];
  };
  readonly evaluation: InputPipeline & {
    /** int32 [batch, k]: the most probable outputs, most probable first. */
    readonly top: Output;
    readonly k: number;
    /** float32 [batch]. */
    readonly losses: Output;
    /** What is looked at in the first batch. */
    readonly first: FirstPicture | undefined;
  };
  /** What is looked at in some steps. */
  readonly inspection: Inspection;
  /** int64 scalar: the steps made so far. */
  readonly globalStep: Variable;
  /** The network's own: parameters and statistics. */
  readonly variables: readonly Variable[];
  /** Every variable: parameters, statistics, accumulators and `global_step`. */
  readonly saver: Saver;
  /** What workers tell one another by way of parameter servers, where there are any. */
  readonly ledger: Ledger | undefined;
}

/** What the graph of a run is built from. */
export interface TrainingGraphOptions {
  readonly network: Network;
  readonly request: TrainRequest;
  readonly input: InputContract;
  /** Side of training pictures, in pixels; evaluation's have that of the input. */
  readonly trainingSize: number;
  /** What the learning rate is multiplied by for the variable of a name; 0 where it is frozen. */
  readonly rateOf: (name: string) => number;
  /** Classes + 1. */
  readonly outputs: number;
  readonly threads: number;
  /** With other processes. */
  readonly way: Pick<Way, 'exchange' | 'placement' | 'own' | 'shared' | 'ledger'>;
}

/**
 * Builds the graph of a run once: two towers that share their parameters, `train` and `evaluate`, each behind its own
 * input pipeline. It knows neither where bytes live nor how long the run is.
 */
export function buildTrainingGraph(options: TrainingGraphOptions): TrainingGraph {
  const graph = new Graph();
  const { way } = options;
  const root = graph.scope().on(way.own);
  const shared = root.on(way.shared);
  const variables = new VariableStore(root, options.request.seed, way.placement);
  const globalStep = variable(shared, 'global_step', {
    dtype: 'int64',
    shape: [],
    initializer: initializers.zeros(),
    trainable: false,
  });
  const { slots, transient, averages, ...training } = trainingTower(root, variables, globalStep, options);
  const ledger = way.ledger?.(shared, globalStep);
  const evaluation = evaluationTower(root, variables.with(averages), options);
  const all = [globalStep, ...variables.variables, ...slots];
  const parameters = variables.parameters.map((parameter) => parameter.variable);
  const trained = parameters.filter(({ name }) => options.rateOf(name) > 0);
  const starts = (of: readonly Variable[]) => of.map(({ initializer }) => initializer);
  return {
    graph,
    initialize: group(root.child('initialize'), starts([...all, ...transient])),
    prepare: group(root.child('prepare'), starts(transient)),
    join: group(
      root.child('join'),
      starts([...transient, ...slots.filter(({ handle }) => handle.operation.device === way.own)]),
    ),
    training: ledger ? { ...training, ...ledger.noting(training) } : training,
    ledger,
    evaluation,
    inspection: addInspection(root.child('inspect'), {
      images: training.images,
      parameters,
      gradients: new Map(trained.map(({ name }, index) => [name, training.gradients[index] as Output])),
    }),
    globalStep,
    variables: variables.variables,
    saver: saver(root, all),
  };
}

function trainingTower(
  root: Scope,
  variables: VariableStore,
  globalStep: Variable,
  options: TrainingGraphOptions,
): TrainingGraph['training'] & Pick<TrainingStep, 'slots' | 'transient' | 'averages'> {
  const { network, request, input, outputs, threads, rateOf, way } = options;
  const { exchange } = way;
  const { seed, microBatches, augmentation, precision, dataFormat } = request;
  const scope = root.child('train');
  const pipeline = trainingPipeline(scope, {
    input: { ...input, imageSize: options.trainingSize },
    batch: request.batch / exchange.worldSize / microBatches,
    parallelism: threads,
    augmentation,
  });
  const learningRate = scope.placeholder('float32', [], { name: 'learning_rate' });
  const askedToStop = scope.placeholder('float32', [], { name: 'asked_to_stop' });
  // TensorFlow does not give back what it is fed.
  const alone = identity(scope, askedToStop);
  const { images, labels } = pipeline;
  const made = trainingStep(scope, {
    network,
    variables,
    images,
    labels,
    outputs,
    globalStep,
    learningRate,
    settings: request,
    compute: precision,
    dataFormat,
    rateOf,
    seed,
    threads,
    exchange,
    stopping: alone,
  });
  return { ...pipeline, learningRate, askedToStop, stopping: alone, ...made };
}

function evaluationTower(
  root: Scope,
  variables: VariableStore,
  options: TrainingGraphOptions,
): TrainingGraph['evaluation'] {
  const { network, request, input, outputs, threads } = options;
  const scope = root.child('evaluate');
  const pipeline = evaluationPipeline(scope, { input, batch: Math.max(request.batch, 100), parallelism: threads });
  const logits = classify(network, { scope, variables }, pipeline.images, { outputs, views: request.views });
  const k = Math.min(5, outputs);
  const losses = sparseSoftmaxCrossEntropy(scope, logits, pipeline.labels);
  const first = lookAtFirstLayer(root.child('inspect_first'), 'evaluate/', pipeline.images);
  return { ...pipeline, top: topK(scope, logits, k).indices, k, losses, first };
}
