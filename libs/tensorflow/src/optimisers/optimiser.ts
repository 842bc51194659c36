/** What all optimisers have in common. */
import type { DType } from '../dtypes.js';
import * as initializers from '../initializers.js';
import { computesByNativeOperations } from '../native-operations.js';
import type { Operation, Output } from '../operation.js';
import { cast } from '../operations/arrays.js';
import { group } from '../operations/control.js';
import { add, mul } from '../operations/math.js';
import type { Scope } from '../scope.js';
import { variable, type Variable } from '../variables.js';

/** A variable that is trained, and by what. */
export interface TrainedParameter {
  readonly variable: Variable;
  /** Of the variable's dtype and shape: the derivative of the loss by it. */
  readonly gradient: Output;
  /**
   * Whether weight decay applies to it, and with LARS a rate of its own. True by default; false is usual for biases
   * and for the scales and offsets of normalisation.
   */
  readonly decayed?: boolean;
  /** What the learning rate is multiplied by for this parameter; 1 by default. */
  readonly rateFactor?: number;
}

/** What an optimiser adds to a graph. */
export interface Update {
  /** Running it makes one step: it changes every parameter and every slot once. */
  readonly operation: Operation;
  /**
   * The optimiser's own variables, named as Python's optimiser of the same kind names them: `<parameter>/Momentum`.
   * A checkpoint must hold them, so that a resumed run goes on alike.
   */
  readonly slots: readonly Variable[];
}

/** A way to change parameters by their gradients. */
export interface Optimiser {
  /**
   * Adds the update of all parameters to the graph. Slots and updates go where their parameters are, unless it says otherwise.
   *
   * @param scope Where the operations go. It should not wait for anything that the gradients do not wait for.
   * @param learningRate Scalar, float32 or of the parameters' dtype; fed or computed anew at each step.
   */
  apply(scope: Scope, parameters: readonly TrainedParameter[], learningRate: Output): Update;
}

/** The option of every optimiser that adds the decay of weights to their gradients. */
export interface WeightDecay {
  /** `weightDecay · w` is added to the gradient of each decayed parameter, as a penalty `weightDecay / 2 · Σ w²` would; 0 by default. */
  readonly weightDecay?: number;
}

/** One parameter's share of an update, on the device of the parameter. */
export interface ParameterStep {
  readonly scope: Scope;
  readonly variable: Variable;
  readonly gradient: Output;
  readonly decayed: boolean;
  /** Whether the parameter is on the device that gradients come from: a server of parameters has stock operations only. */
  readonly here: boolean;
  /** Scalar of the parameter's dtype. */
  readonly rate: Output;
  /** A number as a scalar of the parameter's dtype; one constant for all parameters. */
  readonly coefficient: (value: number) => Output;
}

/** What one parameter's share comes to. */
export interface ParameterUpdate {
  readonly operation: Operation;
  readonly slots: readonly Variable[];
}

/** Adds every parameter's share of an update. */
export function updateEach(
  scope: Scope,
  parameters: readonly TrainedParameter[],
  learningRate: Output,
  share: (step: ParameterStep) => ParameterUpdate,
): { operations: Operation[]; slots: Variable[] } {
  const rates = once((key: `${number} ${DType}`) => {
    const [factor, dtype] = key.split(' ') as [string, DType];
    const rate = dtype === learningRate.dtype ? learningRate : cast(scope, learningRate, dtype);
    return factor === '1' ? rate : mul(scope, rate, Number(factor));
  });
  const constants = once((key: `${number} ${DType}`) => {
    const [value, dtype] = key.split(' ') as [string, DType];
    return scope.constant(Number(value), { dtype });
  });
  const updates = parameters.map(({ variable: own, gradient, decayed = true, rateFactor = 1 }) => {
    const coefficient = (value: number) => constants(`${value} ${own.dtype}`);
    const { device } = own.handle.operation;
    const here = device === scope.device;
    const rate = rates(`${rateFactor} ${own.dtype}`);
    return share({ scope: scope.on(device), variable: own, gradient, decayed, here, rate, coefficient });
  });
  return { operations: updates.map(({ operation }) => operation), slots: updates.flatMap(({ slots }) => slots) };
}

/** As {@link updateEach}, as one operation. */
export function updateAll(...parameters: Parameters<typeof updateEach>): Update {
  const [scope] = parameters;
  const { operations, slots } = updateEach(...parameters);
  return { operation: group(scope, operations), slots };
}

/** Whether a parameter can be changed by operations of our own. */
export function takesOwnOperations({ here, variable: { dtype } }: ParameterStep): boolean {
  return here && dtype === 'float32' && computesByNativeOperations();
}

/** The gradient of a parameter with the decay of its weights, where it has one. */
export function decayedGradient(step: ParameterStep, weightDecay: number): Output {
  const { scope, variable: own, gradient, decayed, here } = step;
  if (!decayed || weightDecay === 0) return gradient;
  if (takesOwnOperations(step)) {
    const operation = { inputs: [gradient, own.value], attributes: { decay: weightDecay } };
    return scope.op('BluewatersDecayedGradient', operation).output();
  }
  // It could be had before the step has done anything else, and would take as much memory as the weights until the end;
  // elsewhere, waiting would take a message.
  const late = here ? scope.after(gradient.operation) : scope;
  return add(scope, gradient, mul(late, own.value, weightDecay));
}

/** A variable of the optimiser's for a parameter, of its shape; beside it and zero at first unless said otherwise. */
export function slotOf(
  parameter: Variable,
  name: string,
  { initializer = initializers.zeros(), device = parameter.handle.operation.device } = {},
): Variable {
  const { dtype, shape, handle } = parameter;
  const root = handle.operation.graph.scope().on(device);
  return variable(root, `${parameter.name}/${name}`, { dtype, shape, initializer, trainable: false });
}

/** Remembers what was made for each key. */
function once<Key, Made>(make: (key: Key) => Made): (key: Key) => Made {
  const made = new Map<Key, Made>();
  return (key) => {
    if (!made.has(key)) made.set(key, make(key));
    return made.get(key) as Made;
  };
}
