/** Variables: values that a session keeps from run to run. */
import type { DType } from './dtypes.js';
import * as raw from './generated/operations/index.js';
import type { Initializer } from './initializers.js';
import type { Operation, Output } from './operation.js';
import { NAMESAKE, type Scope } from './scope.js';

/** How a variable is asked for. */
export interface VariableOptions<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  /** Gives the first value. */
  readonly initializer: Initializer;
  /** Whether training changes it by its gradient; false for counters and moving averages. True by default. */
  readonly trainable?: boolean;
}

/** The facts about a variable, and the operations that make it up. */
interface VariableParts<D extends DType> {
  readonly name: string;
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly trainable: boolean;
  readonly handle: Output<'resource'>;
  readonly initialValue: Output<D>;
  readonly initializer: Operation;
  readonly value: Output<D>;
}

/** A resource variable, named and laid out as Python's are, so that checkpoints and SavedModels fit. */
export class Variable<D extends DType = DType> implements VariableParts<D> {
  /** With all its scopes: 'conv1/weights'. It is the key in checkpoints. */
  readonly name: string;
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly trainable: boolean;
  /** What the operations take that change the variable; dtype resource. */
  readonly handle: Output<'resource'>;
  readonly initialValue: Output<D>;
  /** Run it once before the first step, unless a checkpoint is restored. */
  readonly initializer: Operation;
  /** Read at the start of a step, or at any moment of it; a forward pass and its gradients must share one output. */
  readonly value: Output<D>;

  /** Use {@link variable}. */
  constructor(parts: VariableParts<D>) {
    this.name = parts.name;
    this.dtype = parts.dtype;
    this.shape = parts.shape;
    this.trainable = parts.trainable;
    this.handle = parts.handle;
    this.initialValue = parts.initialValue;
    this.initializer = parts.initializer;
    this.value = parts.value;
  }

  /** Another read, for instance one in a scope that waits for an update. */
  read(scope: Scope): Output<D> {
    return readVariable(scope, this.handle, this.dtype);
  }
}

/**
 * Adds a variable to the graph. All its operations are on the scope's device.
 *
 * @param name Within the scope; made unique.
 */
export function variable<D extends DType>(scope: Scope, name: string, options: VariableOptions<D>): Variable<D> {
  const { dtype, shape, trainable = true } = options;
  const own = scope.child(name);
  const handle = raw.varHandleOp(own, { ...NAMESAKE, dtype, shape, shared_name: own.name });
  const initialValue = options.initializer(own.child('Initializer'), shape, dtype);
  const initializer = raw.assignVariableOp(own, { resource: handle, value: initialValue }, { name: 'Assign' });
  const value = readVariable(own.child('Read'), handle, dtype);
  return new Variable<D>({ name: own.name, dtype, shape, trainable, handle, initialValue, initializer, value });
}

/**
 * Adds an operation that gives a variable a new value.
 *
 * @param value Of the variable's dtype and shape.
 */
export function assign<D extends DType>(scope: Scope, target: Variable<D>, value: Output<NoInfer<D>>): Operation {
  const placed = scope.on(target.handle.operation.device);
  return raw.assignVariableOp(placed, { resource: target.handle, value });
}

/** A variable is read where it lives; what needs it elsewhere gets it sent. */
function readVariable<D extends DType>(scope: Scope, handle: Output<'resource'>, dtype: D): Output<D> {
  const placed = scope.on(handle.operation.device);
  return raw.readVariableOp(placed, { resource: handle }, { dtype });
}
