/** Operations of a graph and their outputs. Both live as long as their graph and need no disposal. */
import { fromBinary } from '@bufbuild/protobuf';
import { CodedError } from '@bluewaters/errors';
import { newBuffer, readBuffer } from './buffers.js';
import { dtypeOfNumber, type DType } from './dtypes.js';
import { NodeDefSchema, type NodeDef } from './generated/tensorflow/core/framework/node_def_pb.js';
import type { Graph } from './graph.js';
import { native, type NativeOutput, type Pointer } from './native.js';
import type { Shape } from './shape.js';
import { checked, notNull } from './status.js';

/** One operation of a graph. */
export class Operation {
  readonly graph: Graph;
  /** Unique in the graph, with its scopes: 'conv_1/Conv2D'. */
  readonly name: string;
  /** TensorFlow's name of what it does: 'Conv2D'. */
  readonly type: string;
  readonly #pointer: Pointer;

  /** @param pointer Of the graph's own; operations are made by a scope or looked up by name. */
  constructor(graph: Graph, pointer: Pointer) {
    const { TF_OperationName, TF_OperationOpType } = native();
    this.graph = graph;
    this.#pointer = pointer;
    this.name = TF_OperationName(pointer);
    this.type = TF_OperationOpType(pointer);
  }

  /**
   * For this package's own calls.
   *
   * @throws {CodedError} HANDLE_DISPOSED when the graph was given back.
   */
  get pointer(): Pointer {
    void this.graph.pointer;
    return this.#pointer;
  }

  /** The device that was asked for, such as '/job:ps/task:0'; '' leaves the choice to TensorFlow. */
  get device(): string {
    return native().TF_OperationDevice(this.pointer);
  }

  /** The operation as a message, with its attributes. */
  toNodeDef(): NodeDef {
    using buffer = newBuffer();
    checked((status) => native().TF_OperationToNodeDef(this.pointer, buffer.pointer, status), refused);
    return fromBinary(NodeDefSchema, readBuffer(buffer));
  }

  /** The output that arrives at one input, counted through all lists. */
  input(index: number): Output {
    const { oper, index: from } = native().TF_OperationInput({ oper: this.pointer, index });
    return new Output(new Operation(this.graph, notNull(oper)), from);
  }

  /** What arrives at all inputs, counted through all lists; control inputs are none of them. */
  get inputs(): Output[] {
    return Array.from({ length: native().TF_OperationNumInputs(this.pointer) }, (_, i) => this.input(i));
  }

  /** All outputs, in the order of the operation's definition. */
  get outputs(): Output[] {
    return Array.from({ length: native().TF_OperationNumOutputs(this.pointer) }, (_, i) => new Output(this, i));
  }

  /**
   * One output.
   *
   * @param index From 0.
   * @throws {CodedError} GRAPH_INVALID when the operation has no such output.
   */
  output(index = 0): Output {
    const count = native().TF_OperationNumOutputs(this.pointer);
    if (index >= 0 && index < count) return new Output(this, index);
    throw new CodedError('GRAPH_INVALID', `${this.type} '${this.name}' has no such output`, {
      details: { field: this.name, expected: `0 to ${count - 1}`, got: String(index) },
    });
  }
}

/**
 * One output of an operation: what other operations take as input, and what a session feeds and fetches.
 *
 * `Output<'float32'>` is one whose dtype the compiler knows: it is refused where another dtype is needed. A plain
 * `Output` goes everywhere, and TensorFlow checks it when the operation is added.
 */
export class Output<D extends DType = DType> {
  readonly operation: Operation;
  readonly index: number;
  readonly dtype: DType;
  /**
   * Never there: it tells the compiler of `D`. The parameter of a method may be narrower or wider, which is what lets a
   * plain `Output` pass; a property of type `D` would not.
   */
  declare readonly known?: { dtype(dtype: D): void };

  /** @param index Of an output that exists. */
  constructor(operation: Operation, index: number) {
    this.operation = operation;
    this.index = index;
    this.dtype = dtypeOfNumber(native().TF_OperationOutputType(this.native));
  }

  /** As Python names tensors: 'conv/BiasAdd:0'. */
  get name(): string {
    return `${this.operation.name}:${this.index}`;
  }

  /** What TensorFlow could infer; undefined when not even the rank is known. */
  get shape(): Shape | undefined {
    const { TF_GraphGetTensorNumDims, TF_GraphGetTensorShape } = native();
    const graph = this.operation.graph.pointer;
    const rank = checked((status) => TF_GraphGetTensorNumDims(graph, this.native, status), refused);
    if (rank < 0) return undefined;
    const shape = new Array<number>(rank).fill(0);
    checked((status) => TF_GraphGetTensorShape(graph, this.native, shape, rank, status), refused);
    return shape.map((length) => (length < 0 ? null : length));
  }

  /** For this package's own calls. */
  get native(): NativeOutput {
    return { oper: this.operation.pointer, index: this.index };
  }
}

function refused(failure: Error): CodedError {
  return new CodedError('GRAPH_INVALID', failure.message, { cause: failure });
}
