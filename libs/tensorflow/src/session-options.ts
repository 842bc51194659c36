/** How a session uses the machine, as TensorFlow's `ConfigProto`. */
import { create, toBinary } from '@bufbuild/protobuf';
import { CodedError } from '@bluewaters/errors';
import {
  ConfigProtoSchema,
  ThreadPoolOptionProtoSchema,
  type ConfigProto,
} from './generated/tensorflow/core/protobuf/config_pb.js';
import { Handle, orGiveBack } from './handles.js';
import { native } from './native.js';
import { checked } from './status.js';

/** How a session uses the machine. */
export interface SessionOptions {
  /**
   * Threads within one operation; 0, the default, takes every core. Results are bit-equal only for equal counts.
   * TensorFlow has one set of them in a process, of the size that its first session asked for.
   */
  readonly intraOpThreads?: number;
  /**
   * Operations that run at the same time; 0, the default, takes every core. With 1 they run one after the other on the
   * thread that waits for the run anyway: the quickest for small graphs and for those that are one long chain.
   */
  readonly interOpThreads?: number;
  /**
   * TensorFlow's executor for graphs of many small operations on one CPU: each costs less than half as much. Graphs with
   * loops or conditions of TensorFlow's first kind (Switch, Merge) are refused by the run.
   */
  readonly singleThreadedExecutor?: boolean;
  /** How many devices of a type to use at most: `{ GPU: 0 }` hides the GPUs. */
  readonly deviceCount?: Readonly<Record<string, number>>;
  /** 'grpc://host:port' of a server; by default this process. */
  readonly target?: string;
  /**
   * With a `target`: the devices of the cluster that the session uses, such as '/job:ps'; all by default. A session
   * waits until every task that it may use has started.
   */
  readonly deviceFilters?: readonly string[];
  /**
   * With a `target`: the task whose server lets the members of collective operations find one another, such as
   * '/job:worker/replica:0/task:0'; there are no collective operations across tasks without one.
   */
  readonly collectiveLeader?: string;
  /** Lets a GPU's memory be taken as needed, not all at once. */
  readonly allowGrowth?: boolean;
  /** Moves operations that their device cannot run to one that can, where it would otherwise be an error. */
  readonly softPlacement?: boolean;
  /**
   * Lets TensorFlow rewrite the graph before it runs; true by default. It also sorts the terms of sums by the names of
   * operations: graphs that differ in names alone give bit-equal results only without it.
   */
  readonly rewriteGraph?: boolean;
}

/** Native session options; the caller gives them back once the session exists. */
export function nativeSessionOptions(options: SessionOptions): Handle {
  const { TF_NewSessionOptions, TF_DeleteSessionOptions, TF_SetTarget, TF_SetConfig } = native();
  return orGiveBack(new Handle('options', TF_NewSessionOptions(), TF_DeleteSessionOptions), ({ pointer }) => {
    if (options.target !== undefined) TF_SetTarget(pointer, options.target);
    const config = encodeConfig(options);
    checked(
      (status) => TF_SetConfig(pointer, config, config.byteLength, status),
      (failure) => new CodedError('CONFIG_INVALID', failure.message, { cause: failure }),
    );
  });
}

/** The options as TensorFlow takes them: a serialized `ConfigProto`. */
export function encodeConfig(options: SessionOptions): Uint8Array {
  return toBinary(
    ConfigProtoSchema,
    create(ConfigProtoSchema, {
      intraOpParallelismThreads: options.intraOpThreads ?? 0,
      ...interOp(options.interOpThreads ?? 0),
      experimental: {
        executorType: options.singleThreadedExecutor ? 'SINGLE_THREADED_EXECUTOR' : '',
        collectiveGroupLeader: options.collectiveLeader ?? '',
      },
      deviceCount: { ...options.deviceCount },
      deviceFilters: [...(options.deviceFilters ?? [])],
      allowSoftPlacement: options.softPlacement ?? false,
      graphOptions: { rewriteOptions: { disableMetaOptimizer: !(options.rewriteGraph ?? true) } },
      gpuOptions: { allowGrowth: options.allowGrowth ?? false },
    }),
  );
}

/**
 * A pool by that number of threads, shared in the process: of TensorFlow's nameless one the first session decides the
 * size. A negative number of threads means the thread of the caller.
 */
function interOp(
  threads: number,
): Partial<Pick<ConfigProto, 'interOpParallelismThreads' | 'sessionInterOpThreadPool'>> {
  if (threads === 0) return {};
  if (threads === 1) return { interOpParallelismThreads: -1 };
  const pool = create(ThreadPoolOptionProtoSchema, { numThreads: threads, globalName: `bluewaters-${threads}` });
  return { interOpParallelismThreads: threads, sessionInterOpThreadPool: [pool] };
}
