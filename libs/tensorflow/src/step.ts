/** Steps: runs of a session that are prepared once and made many times. */
import { fromBinary } from '@bufbuild/protobuf';
import { CodedError } from '@bluewaters/errors';
import { newBuffer, readBuffer } from './buffers.js';
import { RunMetadataSchema, type RunMetadata } from './generated/tensorflow/core/protobuf/config_pb.js';
import type { DType } from './dtypes.js';
import type { Graph } from './graph.js';
import { holdAll, type Handle } from './handles.js';
import { callAsync, native, type Pointer } from './native.js';
import type { Operation, Output } from './operation.js';
import { runFailure } from './run-failure.js';
import { nativeRunOptions, type RunOptions } from './run-options.js';
import { failureOf, newStatus, notNull } from './status.js';
import { ownTensor, Tensor } from './tensor.js';

/** What a step does: the outputs that get values, those that give values, and what else has to happen. */
export interface StepRequest<D extends DType = DType> {
  /** Outputs that each run gives values for: placeholders, or any others instead of what would compute them. */
  readonly feeds?: readonly Output[];
  /** Outputs to compute. */
  readonly fetches?: readonly Output<D>[];
  /** Operations to run for their effect. */
  readonly targets?: readonly Operation[];
}

/** What a traced run gave, and TensorFlow's notes on it. */
export interface RunTrace<D extends DType = DType> {
  /** One for each of the fetches; they are the caller's to give back. */
  readonly tensors: Tensor<D>[];
  /** By device and operation, with times in microseconds; `chromeTrace` makes a file of it. */
  readonly metadata: RunMetadata;
}

/** Told when runs begin and end, so that a session that is given back can cancel them. */
interface RunCount {
  readonly started: () => void;
  readonly ended: () => void;
}

/** `sizeof(TF_Output)`: a pointer, an int, and what aligns the next one. */
const OUTPUT_BYTES = 16;

/**
 * A prepared run of a session. Several may be under way at the same time. Needs no disposal: it is of no use, and
 * harmless, once its session or graph was given back.
 */
export class Step<D extends DType = DType> {
  readonly #graph: Graph;
  readonly #session: Handle;
  readonly #runs: RunCount;
  readonly #feeds: readonly Output[];
  readonly #inputs: Uint8Array;
  readonly #outputs: Uint8Array;
  readonly #fetchCount: number;
  readonly #targets: BigUint64Array;

  /** Use `session.prepare`. */
  constructor(graph: Graph, session: Handle, request: StepRequest<D>, runs: RunCount) {
    const { feeds = [], fetches = [], targets = [] } = request;
    this.#graph = graph;
    this.#session = session;
    this.#runs = runs;
    this.#feeds = feeds;
    this.#inputs = layOut(feeds);
    this.#outputs = layOut(fetches);
    this.#fetchCount = fetches.length;
    this.#targets = BigUint64Array.from(targets, (operation) => operation.pointer);
    void session.pointer;
  }

  /**
   * Runs the step once, without blocking the event loop.
   *
   * @param values One for each of `feeds`, of its dtype and shape. They stay the caller's; their memory is read while
   * the run is under way.
   * @returns One tensor for each of `fetches`; they are the caller's to give back.
   * @throws {CodedError} As `session.run`; CONFIG_INVALID when there are more or fewer values than feeds.
   */
  async run(values: readonly Tensor[] = [], options: RunOptions = {}): Promise<Tensor<D>[]> {
    using runOptions = nativeRunOptions(options, false);
    return await this.#call(values, runOptions?.pointer ?? null, null);
  }

  /**
   * Runs the step once and blocks the event loop meanwhile. It saves the way to a worker thread and back, some 25 µs: for
   * steps of less than a millisecond in a process that has nothing else to answer.
   *
   * @param values As for {@link run}.
   * @returns As {@link run} resolves to.
   * @throws {CodedError} As {@link run} rejects with.
   */
  runSync(values: readonly Tensor[] = [], options: RunOptions = {}): Tensor<D>[] {
    using runOptions = nativeRunOptions(options, false);
    const slots = this.#slotsFor(values);
    using status = newStatus();
    native().TF_SessionRun(...this.#parameters(slots, runOptions?.pointer ?? null, null, status.pointer));
    return this.#adopted(slots, status);
  }

  /**
   * Runs the step once and notes what every operation did; several times slower.
   *
   * @throws {CodedError} As {@link run}.
   */
  async trace(values: readonly Tensor[] = [], options: RunOptions = {}): Promise<RunTrace<D>> {
    using runOptions = nativeRunOptions(options, true);
    using metadata = newBuffer();
    const tensors = await this.#call(values, runOptions?.pointer ?? null, metadata.pointer);
    return { tensors, metadata: fromBinary(RunMetadataSchema, readBuffer(metadata)) };
  }

  async #call(values: readonly Tensor[], options: Pointer | null, metadata: Pointer | null): Promise<Tensor<D>[]> {
    const slots = this.#slotsFor(values);
    const release = holdAll([this.#session, ...values.map(({ handle }) => handle)]);
    using status = newStatus();
    this.#runs.started();
    try {
      await callAsync(native().TF_SessionRun, ...this.#parameters(slots, options, metadata, status.pointer));
    } finally {
      this.#runs.ended();
      release();
    }
    return this.#adopted(slots, status);
  }

  /** What is fed, and room for what is fetched: one piece of memory, read after the call, so that it lives through it. */
  #slotsFor(values: readonly Tensor[]): BigUint64Array {
    this.#checkCount(values);
    void this.#graph.pointer;
    const slots = new BigUint64Array(values.length + this.#fetchCount);
    values.forEach(({ handle }, i) => (slots[i] = handle.pointer));
    return slots;
  }

  #parameters(slots: BigUint64Array, options: Pointer | null, metadata: Pointer | null, status: Pointer) {
    const fed = this.#feeds.length;
    return [
      ...([this.#session.pointer, options, this.#inputs, slots.subarray(0, fed), fed] as const),
      ...([this.#outputs, slots.subarray(fed), this.#fetchCount, this.#targets, this.#targets.length] as const),
      ...([metadata, status] as const),
    ] as const;
  }

  #adopted(slots: BigUint64Array, status: Handle): Tensor<D>[] {
    const failure = failureOf(status);
    if (failure) throw runFailure(failure);
    return adoptAll(slots.subarray(this.#feeds.length)) as Tensor<D>[];
  }

  #checkCount(values: readonly Tensor[]): void {
    if (values.length === this.#feeds.length) return;
    throw new CodedError('CONFIG_INVALID', 'a step needs one value for each of its feeds', {
      details: {
        field: 'values',
        expected: this.#feeds.map(({ name }) => name).join(', ') || 'none',
        got: `${values.length} values`,
      },
    });
  }
}

/** `TF_Output` structs, one after the other. */
function layOut(outputs: readonly Output[]): Uint8Array {
  const bytes = new Uint8Array(OUTPUT_BYTES * outputs.length);
  const structs = new DataView(bytes.buffer);
  outputs.forEach(({ native: { oper, index } }, i) => {
    structs.setBigUint64(OUTPUT_BYTES * i, notNull(oper), true);
    structs.setInt32(OUTPUT_BYTES * i + 8, index, true);
  });
  return bytes;
}

function adoptAll(pointers: BigUint64Array): Tensor[] {
  const handles = Array.from(pointers, ownTensor);
  try {
    return handles.map((handle) => Tensor.adopt(handle));
  } catch (error) {
    for (const handle of handles) handle[Symbol.dispose]();
    throw error;
  }
}
