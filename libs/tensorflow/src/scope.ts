/** Scopes: where new operations go in a graph, and what they have in common. */
import type { AttributeValue } from './attributes.js';
import { constantTensor, type ConstantOptions, type ConstantValue, type DTypeOfConstant } from './constant.js';
import { nestDevice } from './device.js';
import type { DType } from './dtypes.js';
import type { Graph } from './graph.js';
import { addOperation, type OperationInput } from './op-builder.js';
import type { Operation, Output } from './operation.js';
import type { Shape } from './shape.js';

/** What the operations of a scope have in common. */
export interface ScopeSettings {
  /** Of names, ending in '/' unless empty. */
  readonly prefix: string;
  /** '' leaves the choice to TensorFlow. */
  readonly device: string;
  /** These run before any operation of the scope. */
  readonly after: readonly Operation[];
  /** Operations of the scope go where this one is. */
  readonly colocation: Operation | undefined;
}

/** The option that every function takes that adds an operation. */
export interface Named {
  /**
   * Within the scope; made unique. '' is the scope's own name, as a variable's handle has it; at most one operation of
   * a scope. By default the operation's type.
   */
  readonly name?: string | undefined;
}

/** The option of an operation that has the name of its scope, whose constants are then in the scope of its name. */
export const NAMESAKE = { name: '' } as const satisfies Named;

/** How one operation is asked for; what is left out gets TensorFlow's default. */
export interface OperationOptions extends Named {
  /** In the order of the operation's definition; an input that takes any number of outputs gets a list. */
  readonly inputs?: readonly OperationInput[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

/**
 * A place in a graph: a prefix of names, a device, and operations that come before. A scope never changes; `child`,
 * `on`, `after` and `with` give new ones.
 *
 * ```ts
 * const layer = graph.scope().child('fc1').on('/job:worker/task:0');
 * const product = layer.op('MatMul', { inputs: [x, w], attributes: { transpose_b: true } }).output(); // 'fc1/MatMul:0'
 * ```
 */
export class Scope {
  readonly graph: Graph;
  readonly #settings: ScopeSettings;

  /** Use `graph.scope()` for the first one. */
  constructor(graph: Graph, settings: ScopeSettings) {
    this.graph = graph;
    this.#settings = settings;
  }

  /** 'outer/inner', or '' for the root. */
  get name(): string {
    return this.#settings.prefix.slice(0, -1);
  }

  /** As TensorFlow writes it; '' when none was asked for. */
  get device(): string {
    return this.#settings.device;
  }

  /** A name scope within this one, made unique as Python does: 'conv', then 'conv_1'; for '' this one. */
  child(name: string): Scope {
    if (name === '') return this;
    return this.#with({ prefix: `${this.graph.names.unique(this.#settings.prefix + name)}/` });
  }

  /** The same scope on a device; the parts that `device` leaves out stay as they are. */
  on(device: string): Scope {
    return this.#with({ device: nestDevice(this.#settings.device, device) });
  }

  /** The same scope, whose operations wait for these as well. */
  after(...operations: readonly Operation[]): Scope {
    return this.#with({ after: [...this.#settings.after, ...operations] });
  }

  /** The same scope, whose operations go on the device of that one, whatever it is. */
  colocatedWith(operation: Operation): Scope {
    return this.#with({ colocation: operation });
  }

  /**
   * Adds an operation. TensorFlow checks it and infers its shapes at once.
   *
   * @param type TensorFlow's name of it, such as 'Conv2D'.
   * @throws {CodedError} GRAPH_INVALID when it does not exist, has no such attribute, takes another number of inputs,
   * or TensorFlow refuses it; the message has the full name, the inputs' dtypes and shapes, and TensorFlow's words.
   */
  op(type: string, options: OperationOptions = {}): Operation {
    const { name = type, inputs = [], attributes = {} } = options;
    const full = name === '' ? this.name : this.graph.names.unique(this.#settings.prefix + name);
    const { device, after, colocation } = this.#settings;
    return addOperation(this.graph, { type, name: full, device, after, colocation, inputs, attributes });
  }

  /**
   * A value that is part of the graph.
   *
   * @param value A number, bigint, boolean or string; nested lists of them; a typed array; or a tensor.
   * @param options Numbers become float32 unless `dtype` says otherwise; `shape` reshapes, or repeats a single value.
   * @throws {CodedError} GRAPH_INVALID when the lists are ragged or the shape does not fit.
   */
  constant<D extends DType>(
    value: ConstantValue,
    options: ConstantOptions<D> & Named & { readonly dtype: D },
  ): Output<D>;
  /** The same, of the dtype that the value suggests. */
  constant<Value extends ConstantValue>(
    value: Value,
    options?: ConstantOptions<never> & Named,
  ): Output<DTypeOfConstant<Value>>;
  /** The same, of a dtype known at run time. */
  constant(value: ConstantValue, options?: ConstantOptions & Named): Output;
  /** What all three do. */
  constant(value: ConstantValue, options: ConstantOptions & Named = {}): Output {
    using tensor = constantTensor(value, options);
    const attributes = { value: tensor.tensor, dtype: tensor.tensor.dtype };
    return this.op('Const', { name: options.name ?? 'Const', attributes }).output();
  }

  /**
   * A value that every run feeds.
   *
   * @param shape Null for lengths that may change from run to run; undefined when even the rank may.
   */
  placeholder<D extends DType>(dtype: D, shape: Shape | undefined, options: Named = {}): Output<D> {
    return this.op('Placeholder', { name: options.name ?? 'Placeholder', attributes: { dtype, shape } }).output();
  }

  #with(changes: Partial<ScopeSettings>): Scope {
    return new Scope(this.graph, { ...this.#settings, ...changes });
  }
}
