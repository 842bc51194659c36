/** The graph: operations, their names, and the functions that they call. */
import { fromBinary } from '@bufbuild/protobuf';
import { CodedError, isCodedError } from '@bluewaters/errors';
import { bufferOf, newBuffer, readBuffer } from './buffers.js';
import { OpDefSchema, type OpDef } from './generated/tensorflow/core/framework/op_def_pb.js';
import type { GraphFunction } from './graph-function.js';
import { Handle } from './handles.js';
import { NameRegistry } from './names.js';
import { native, type Pointer } from './native.js';
import { Operation, type Output } from './operation.js';
import { Scope } from './scope.js';
import { checked, StatusError } from './status.js';

/** Definitions that were read from TensorFlow's registry, which no function may shadow. */
const REGISTERED = new Map<string, OpDef>();

/** A TensorFlow graph. It grows and never shrinks; sessions may run while it does. */
export class Graph implements Disposable {
  /** The names in use; scopes take theirs from here. */
  readonly names = new NameRegistry();
  readonly #handle: Handle;
  readonly #definitions = new Map<string, OpDef>();
  readonly #functions = new Map<string, GraphFunction>();
  readonly #owned: GraphFunction[] = [];

  constructor() {
    const { TF_NewGraph, TF_DeleteGraph } = native();
    this.#handle = new Handle('graph', TF_NewGraph(), TF_DeleteGraph);
  }

  /**
   * For this package's own calls.
   *
   * @throws {CodedError} HANDLE_DISPOSED after the graph was given back.
   */
  get pointer(): Pointer {
    return this.#handle.pointer;
  }

  /** For this package's own calls. */
  get handle(): Handle {
    return this.#handle;
  }

  /** The functions that were copied into this graph. */
  get functions(): readonly GraphFunction[] {
    return [...this.#functions.values()];
  }

  /** The scope in which names have no prefix and operations no device. */
  scope(): Scope {
    return new Scope(this, { prefix: '', device: '', after: [], colocation: undefined });
  }

  /** All operations, in the order in which they were added. */
  operations(): Operation[] {
    const found: Operation[] = [];
    const position: [number] = [0];
    for (let next = this.#next(position); next !== null; next = this.#next(position)) {
      found.push(new Operation(this, next));
    }
    return found;
  }

  /**
   * An operation by its full name.
   *
   * @throws {CodedError} GRAPH_INVALID when there is none.
   */
  operation(name: string): Operation {
    const pointer = native().TF_GraphOperationByName(this.pointer, name);
    if (pointer !== null) return new Operation(this, pointer);
    throw new CodedError('GRAPH_INVALID', `the graph has no operation '${name}'`, { details: { field: name } });
  }

  /**
   * An output by its name.
   *
   * @param name 'scope/op:1'; without a number, the first output.
   * @throws {CodedError} GRAPH_INVALID when there is none.
   */
  output(name: string): Output {
    const [operation, index = '0'] = name.split(':') as [string, string?];
    return this.operation(operation).output(Number(index));
  }

  /** The definition of a type of operation, or of a function of this graph; undefined when TensorFlow has none. */
  definition(type: string): OpDef | undefined {
    void this.pointer;
    // What a graph without functions finds stands in TensorFlow's registry, and is the same for all graphs.
    const found = REGISTERED.get(type) ?? this.#definitions.get(type) ?? this.#readDefinition(type);
    const isRegistered = found && !REGISTERED.has(type) && native().TF_GraphNumFunctions(this.pointer) === 0;
    if (isRegistered) REGISTERED.set(type, found);
    else if (found) this.#definitions.set(type, found);
    return found;
  }

  /** The whole graph as a serialized `GraphDef`. */
  toGraphDef(): Uint8Array {
    using buffer = newBuffer();
    checked((status) => native().TF_GraphToGraphDef(this.pointer, buffer.pointer, status), refused);
    return readBuffer(buffer);
  }

  /**
   * Adds the operations and functions of a serialized `GraphDef`.
   *
   * @param options `prefix` is a scope that all of them go under; without it a name that exists is refused.
   * @throws {CodedError} GRAPH_INVALID when TensorFlow refuses it.
   */
  importGraphDef(bytes: Uint8Array, options: { readonly prefix?: string } = {}): void {
    const tf = native();
    using importOptions = new Handle('options', tf.TF_NewImportGraphDefOptions(), tf.TF_DeleteImportGraphDefOptions);
    if (options.prefix) tf.TF_ImportGraphDefOptionsSetPrefix(importOptions.pointer, options.prefix);
    using buffer = bufferOf(bytes);
    checked(
      (status) => tf.TF_GraphImportGraphDef(this.pointer, buffer.pointer, importOptions.pointer, status),
      refused,
    );
    this.takeNames();
  }

  /** Reserves the names of operations that TensorFlow added by itself. */
  takeNames(): void {
    for (const { name } of this.operations()) this.names.take(name);
  }

  /**
   * Makes a function, and those that it calls, known to this graph, once.
   *
   * @throws {CodedError} GRAPH_INVALID when the graph has another function of that name.
   */
  copyFunction(body: GraphFunction): void {
    if (this.#functions.get(body.name) === body) return;
    for (const dependency of body.dependencies) this.copyFunction(dependency);
    checked((status) => native().TF_GraphCopyFunction(this.pointer, body.handle.pointer, null, status), refused);
    this.#functions.set(body.name, body);
  }

  /** Takes over a function that was made for an operation of this graph; it is given back with the graph. */
  ownFunction(body: GraphFunction): void {
    this.#owned.push(body);
  }

  /** Hands the functions that this graph owns over to the caller. */
  releaseFunctions(): GraphFunction[] {
    return this.#owned.splice(0);
  }

  /** Gives the memory back once no session uses the graph; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#handle[Symbol.dispose]();
    for (const body of this.releaseFunctions()) body[Symbol.dispose]();
  }

  #next(position: [number]): Pointer | null {
    return native().TF_GraphNextOperation(this.pointer, position);
  }

  #readDefinition(type: string): OpDef | undefined {
    using buffer = newBuffer();
    try {
      checked((status) => native().TF_GraphGetOpDef(this.pointer, type, buffer.pointer, status), refused);
    } catch (error) {
      if (isCodedError(error) && error.cause instanceof StatusError && error.cause.status === 'NOT_FOUND')
        return undefined;
      throw error;
    }
    return fromBinary(OpDefSchema, readBuffer(buffer));
  }
}

function refused(failure: StatusError): CodedError {
  return new CodedError('GRAPH_INVALID', `TensorFlow refused: ${failure.message}`, { cause: failure });
}
