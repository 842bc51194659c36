import type { Collected, GradientExchange } from '@bluewaters/models';
import {
  group,
  type AttributeValue,
  type Operation,
  type Output,
  type Scope,
  type Variable,
} from '@bluewaters/tensorflow';

/** Who contributes to an update, and how many of them it takes. */
export interface AccumulatedExchangeOptions {
  /** This worker, from 0. */
  readonly worker: number;
  /** Gradients that make an update: as many as there are workers, less the backup workers. */
  readonly needed: number;
}

/** How an update's contributions are told apart and counted. */
export interface Counting {
  /** int64 scalar, fed with each contribution: the global step before which the variables were read. */
  readonly readAt: Output;
  /** Lets the accumulators take what was read at the step that {@link readAt} is fed, and drop what was before. */
  readonly begin: Operation;
  /** Handle of an accumulator that takes a one with each contribution. */
  readonly accumulator: Output;
  /** float32 scalar: of how many contributions the update is made; computing it waits as the means do. */
  readonly taken: Output;
}

/**
 * Gradients of workers that wait for one another, collected by TensorFlow's accumulators beside the variables: an update
 * takes the mean of the first that come, and what comes later, computed from variables of before, is dropped. For one
 * graph.
 *
 * @see Chen et al. 2016, Revisiting Distributed Synchronous SGD, for backup workers; `tf.train.SyncReplicasOptimizer`
 */
export class AccumulatedExchange implements GradientExchange {
  readonly rank: number;
  readonly worldSize: number;
  readonly batchStatistics = 'own';
  readonly gradientRules = {};
  #counting: Counting | undefined;

  constructor({ worker, needed }: AccumulatedExchangeOptions) {
    this.rank = worker;
    this.worldSize = needed;
  }

  /** Known once the graph has its gradients; undefined before. */
  get counting(): Counting | undefined {
    return this.#counting;
  }

  /** What else there is to average, such as the loss, is each worker's own. */
  average(_scope: Scope, values: readonly Output[]): readonly Output[] {
    return values;
  }

  averageStatistics(_scope: Scope, values: readonly Output[]): readonly Output[] {
    return values;
  }

  collect(scope: Scope, variables: readonly Variable[], gradients: readonly Output[]): Collected {
    const readAt = scope.placeholder('int64', [], { name: 'read_at' });
    const needed = scope.constant(Int32Array.of(this.worldSize), { shape: [] });
    const places = variables.map(({ handle }) => scope.on(handle.operation.device));
    const accumulators = variables.map(({ name, dtype, shape }, index) =>
      accumulatorOf(placeOf(places, index), { dtype, shape, shared_name: `${name}/accumulator` }),
    );
    const first = placeOf(places, 0);
    const counter = accumulatorOf(first, { ...COUNTED, reduction_type: 'SUM', shared_name: 'contributions' });
    const each = (add: (place: Scope, accumulator: Output, gradient: Output) => Operation): Operation[] => [
      ...accumulators.map((accumulator, index) => add(placeOf(places, index), accumulator, gradients[index] as Output)),
      add(first, counter, first.constant(1)),
    ];
    const begun = each((place, accumulator) =>
      place.op('ResourceAccumulatorSetGlobalStep', { inputs: [accumulator, readAt] }),
    );
    const contributions = each((place, accumulator, gradient) =>
      place.op('ResourceAccumulatorApplyGradient', { inputs: [accumulator, readAt, gradient] }),
    );
    const take = (place: Scope, accumulator: Output, dtype: Variable['dtype']): Output =>
      place.op('ResourceAccumulatorTakeGradient', { inputs: [accumulator, needed], attributes: { dtype } }).output();
    const taken = take(first, counter, COUNTED.dtype);
    this.#counting = { readAt, begin: group(scope, begun), accumulator: counter, taken };
    const means = accumulators.map((accumulator, index) =>
      take(placeOf(places, index), accumulator, variables[index]?.dtype ?? 'float32'),
    );
    return { contribute: group(scope, contributions), means };
  }
}

/** A one for each contribution. */
const COUNTED = { dtype: 'float32', shape: [] } as const;

function accumulatorOf(place: Scope, attributes: Readonly<Record<string, AttributeValue>>): Output {
  return place.op('ResourceConditionalAccumulator', { attributes }).output();
}

function placeOf(places: readonly Scope[], index: number): Scope {
  return places[index] as Scope;
}
