/** Exponential moving averages: of trained variables, and of what batch normalisation measures. */
import type { DType } from './dtypes.js';
import * as raw from './generated/operations/index.js';
import type { Operation, Output } from './operation.js';
import { cast } from './operations/arrays.js';
import { group } from './operations/control.js';
import { add, div, minimum, mul, sub, type Operand } from './operations/math.js';
import type { Scope } from './scope.js';
import { variable, type Variable } from './variables.js';

/** What moves an average, and how far. */
export interface MovingAverageStep {
  /** The new value; of the average's dtype and shape. */
  readonly value: Output;
  /** The part of the old average that stays, 0 to 1: a number, or a float32 scalar. */
  readonly decay: Operand;
}

/**
 * Adds `average -= (average - value) · (1 - decay)`, as Python's `assign_moving_average` does.
 *
 * @returns Run it, or let the step wait for it: nothing else does.
 */
export function assignMovingAverage(scope: Scope, average: Variable, { value, decay }: MovingAverageStep): Operation {
  const own = scope.child('AssignMovingAvg').on(average.handle.operation.device);
  const rest = typeof decay === 'number' ? 1 - decay : asDtype(own, sub(own, own.constant(1), decay), average.dtype);
  const change = mul(own, sub(own, average.read(own), value), rest);
  return raw.assignSubVariableOp(own, { resource: average.handle, value: change });
}

/** How the averages of variables move. */
export interface MovingAverageOptions {
  /** The part of the old averages that stays at each update; 0.9999 in the recipe of Inception. */
  readonly decay: number;
  /**
   * Any integer scalar: the updates so far. With it young averages move faster, by
   * min(decay, (1 + updates) / (10 + updates)).
   */
  readonly updates?: Output;
}

/** The averages of some variables. */
export interface MovingAverages {
  /** Moves all of them. */
  readonly update: Operation;
  /** In the order of the variables, `<variable>/ExponentialMovingAverage` each: part of a checkpoint. */
  readonly averages: readonly Variable[];
}

/**
 * Adds averages that follow variables over the steps. They start at the variables' first values; a model is
 * evaluated and exported with `averages[i].value` in place of `variables[i].value`.
 *
 * @param scope Waits for the update of the variables: what is averaged is what they are then.
 * @see `tf.train.ExponentialMovingAverage`; Szegedy et al. 2015, section 8, for the use of it.
 */
export function movingAverages(
  scope: Scope,
  variables: readonly Variable[],
  { decay, updates }: MovingAverageOptions,
): MovingAverages {
  const own = scope.child('moving_averages');
  const averages = variables.map((followed) => averageOf(followed));
  const by = updates ? risingDecay(own, { decay, updates }) : decay;
  const moves = variables.map((followed, i) =>
    assignMovingAverage(own, averages[i] as Variable, { value: followed.read(own), decay: by }),
  );
  return { update: group(own, moves), averages };
}

/** The name of a variable's moving average: its key in a checkpoint. */
export function averageName(name: string): string {
  return `${name}/ExponentialMovingAverage`;
}

function averageOf({ name, dtype, shape, handle, initialValue }: Variable): Variable {
  const initializer = () => initialValue;
  const placed = handle.operation.graph.scope().on(handle.operation.device);
  return variable(placed, averageName(name), { dtype, shape, initializer, trainable: false });
}

function risingDecay(scope: Scope, { decay, updates }: Required<MovingAverageOptions>): Output {
  const count = cast(scope, updates, 'float32');
  return minimum(scope, div(scope, add(scope, count, 1), add(scope, count, 10)), decay);
}

function asDtype(scope: Scope, x: Output, dtype: DType): Output {
  return x.dtype === dtype ? x : cast(scope, x, dtype);
}
