/** Sessions: they run graphs, on worker threads, and keep variables. */
import { CodedError } from '@bluewaters/errors';
import type { DType } from './dtypes.js';
import { Graph } from './graph.js';
import { Handle } from './handles.js';
import { native, type Pointer } from './native.js';
import type { Operation, Output } from './operation.js';
import { runFailure } from './run-failure.js';
import type { RunOptions } from './run-options.js';
import { nativeSessionOptions, type SessionOptions } from './session-options.js';
import { checked, checkedPointer, newStatus } from './status.js';
import { Step, type RunTrace, type StepRequest } from './step.js';
import type { Tensor } from './tensor.js';

/** One run: what goes in, what comes out, and what else has to happen. */
export interface RunRequest<D extends DType = DType> {
  /** Values for placeholders, or instead of any other output, of its dtype and shape. They stay the caller's. */
  readonly feeds?: readonly (readonly [output: Output, value: Tensor])[];
  /** Outputs to compute. */
  readonly fetches?: readonly Output<D>[];
  /** Operations to run for their effect. */
  readonly targets?: readonly Operation[];
}

/** A device that a session can use. */
export interface Device {
  /** Full name, such as '/job:localhost/replica:0/task:0/device:GPU:0'. */
  readonly name: string;
  /** 'CPU', 'GPU', … */
  readonly type: string;
  /** Memory that TensorFlow may use there, in bytes; not the machine's for a CPU. */
  readonly memoryBytes: number;
}

/** Runs a graph and keeps its variables. Several runs may be under way at the same time. */
export class Session implements Disposable {
  readonly graph: Graph;
  readonly #handle: Handle;
  #running = 0;

  /**
   * @param handle Of a session that exists already, for this package's own use.
   * @throws {CodedError} TENSORFLOW_FAILED when the devices or the target cannot be had.
   */
  constructor(graph: Graph, options: SessionOptions = {}, handle: Handle = openSession(graph, options)) {
    this.graph = graph;
    this.#handle = handle;
  }

  /**
   * Runs what the request needs, once, without blocking the event loop.
   *
   * @returns One tensor for each of `fetches`; they are the caller's to give back.
   * @throws {CodedError} TENSORFLOW_FAILED with the operation that failed; RECORD_CORRUPT, FILE_NOT_FOUND or STORE_FULL
   * when a file was the reason. {@link isEndOfSequence} tells the end of a dataset.
   */
  async run<D extends DType>(request: RunRequest<D>, options?: RunOptions): Promise<Tensor<D>[]> {
    return this.#prepareOnce(request).run(valuesOf(request), options);
  }

  /**
   * Runs as {@link run} does and notes what every operation did, on which device and when; several times slower.
   *
   * @throws {CodedError} As {@link run}.
   */
  async trace<D extends DType>(request: RunRequest<D>, options?: RunOptions): Promise<RunTrace<D>> {
    return this.#prepareOnce(request).trace(valuesOf(request), options);
  }

  /**
   * Prepares what is run many times: names are looked up and structures laid out once, and a run only hands over values.
   *
   * @param request `feeds` are the outputs that each run gives values for, in this order.
   * @throws {CodedError} HANDLE_DISPOSED when the session or the graph was given back.
   */
  prepare<D extends DType>(request: StepRequest<D>): Step<D> {
    const runs = { started: () => (this.#running += 1), ended: () => (this.#running -= 1) };
    return new Step(this.graph, this.#handle, request, runs);
  }

  /** The devices that this session can use. */
  listDevices(): Device[] {
    const tf = native();
    const pointer = checkedPointer((status) => tf.TF_SessionListDevices(this.#handle.pointer, status), runFailure);
    using list = new Handle('options', pointer, tf.TF_DeleteDeviceList);
    return Array.from({ length: tf.TF_DeviceListCount(list.pointer) }, (_, index) =>
      checked(
        (status) => ({
          name: tf.TF_DeviceListName(list.pointer, index, status),
          type: tf.TF_DeviceListType(list.pointer, index, status),
          memoryBytes: Number(tf.TF_DeviceListMemoryBytes(list.pointer, index, status)),
        }),
        runFailure,
      ),
    );
  }

  /** Gives the session and its variables back; runs under way are cancelled and fail. A second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#handle.disposed) return;
    if (this.#running > 0) cancelRuns(this.#handle.pointer);
    this.#handle[Symbol.dispose]();
  }

  #prepareOnce<D extends DType>({ feeds = [], ...rest }: RunRequest<D>): Step<D> {
    return this.prepare({ feeds: feeds.map(([output]) => output), ...rest });
  }
}

function valuesOf({ feeds = [] }: RunRequest): Tensor[] {
  return feeds.map(([, value]) => value);
}

/**
 * The devices of this machine that TensorFlow can use.
 *
 * @throws {CodedError} TENSORFLOW_MISSING when the library cannot be loaded.
 */
export function listDevices(): Device[] {
  using graph = new Graph();
  // Whoever only looks must not take a GPU's memory.
  using session = new Session(graph, { allowGrowth: true });
  return session.listDevices();
}

/** The owner of a native session. */
export function sessionHandle(pointer: Pointer): Handle {
  return new Handle('session', pointer, (session) => {
    using status = newStatus();
    native().TF_DeleteSession(session, status.pointer);
  });
}

function openSession(graph: Graph, options: SessionOptions): Handle {
  using nativeOptions = nativeSessionOptions(options);
  const pointer = checkedPointer(
    (status) => native().TF_NewSession(graph.pointer, nativeOptions.pointer, status),
    (failure) => new CodedError('TENSORFLOW_FAILED', `no session: ${failure.message}`, { cause: failure }),
  );
  return sessionHandle(pointer);
}

/** A failure to cancel shows in the runs themselves. */
function cancelRuns(session: Pointer): void {
  using status = newStatus();
  native().TF_CloseSession(session, status.pointer);
}
