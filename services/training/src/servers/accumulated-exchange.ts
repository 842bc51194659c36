import type { Collected, GradientExchange } from '@bluewaters/models';
import { group, type Operation, type Output, type Scope, type Variable } from '@bluewaters/tensorflow';

/** Who contributes to an update, and how many of them it takes. */
export interface AccumulatedExchangeOptions {
  /** This worker, from 0. */
  readonly worker: number;
  /** Gradients that make an update: as many as there are workers, less the backup workers. */
  readonly needed: number;
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
  #counting: { readonly readAt: Output; readonly begin: Operation } | undefined;

  constructor({ worker, needed }: AccumulatedExchangeOptions) {
    this.rank = worker;
    this.worldSize = needed;
  }

  /** Known once the graph has its gradients; undefined before. */
  get counting():
    | {
        /** int64 scalar, fed with each contribution: the global step before which the variables were read. */
        readonly readAt: Output;
        /** Lets the accumulators take what was read at the step that {@link readAt} is fed, and drop what was before. */
        readonly begin: Operation;
      }
    | undefined {
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
      placeOf(places, index)
        .op('ResourceConditionalAccumulator', { attributes: { dtype, shape, shared_name: `${name}/accumulator` } })
        .output(),
    );
    const each = (add: (place: Scope, accumulator: Output, index: number) => Operation): Operation[] =>
      accumulators.map((accumulator, index) => add(placeOf(places, index), accumulator, index));
    const begun = each((place, accumulator) =>
      place.op('ResourceAccumulatorSetGlobalStep', { inputs: [accumulator, readAt] }),
    );
    this.#counting = { readAt, begin: group(scope, begun) };
    const contributions = each((place, accumulator, index) =>
      place.op('ResourceAccumulatorApplyGradient', { inputs: [accumulator, readAt, gradients[index] as Output] }),
    );
    const taken = each((place, accumulator, index) =>
      place.op('ResourceAccumulatorTakeGradient', {
        inputs: [accumulator, needed],
        attributes: { dtype: variables[index]?.dtype ?? 'float32' },
      }),
    );
    return { contribute: group(scope, contributions), means: taken.map((operation) => operation.output()) };
  }
}

function placeOf(places: readonly Scope[], index: number): Scope {
  return places[index] as Scope;
}
