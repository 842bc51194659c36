/** TensorFlow's own servers: processes that run parts of one graph for one another, over gRPC. */
import { create, toBinary } from '@bufbuild/protobuf';
import { CodedError } from '@bluewaters/errors';
import { ClusterDefSchema, JobDefSchema } from './generated/tensorflow/core/protobuf/cluster_pb.js';
import { ConfigProtoSchema } from './generated/tensorflow/core/protobuf/config_pb.js';
import { ServerDefSchema, type ServerDef } from './generated/tensorflow/core/protobuf/tensorflow_server_pb.js';
import { native } from './native.js';
import { checked, checkedPointer, type StatusError } from './status.js';

/**
 * The processes that know one another, by job: 'host:port' of each of its tasks, in their order. The same in all of
 * them, but for tasks that a process never exchanges tensors with.
 */
export type Cluster = Readonly<Record<string, readonly string[]>>;

/** Which of them a process is. */
export interface Task {
  /** Such as 'ps' or 'worker'. */
  readonly job: string;
  /** From 0. */
  readonly index: number;
}

/** How a server is started. */
export interface ServerOptions {
  readonly cluster: Cluster;
  readonly task: Task;
  /** Threads within one operation; 0, the default, takes every core. TensorFlow has one set of them in a process. */
  readonly intraOpThreads?: number;
  /** Operations that run at the same time, of all sessions together; 0, the default, takes every core. */
  readonly interOpThreads?: number;
  /** As of a session, and the same as of those that run here. */
  readonly collectiveLeader?: string;
}

/**
 * A task of a cluster: others run their operations on its devices, `/job:ps/task:0`, and its variables outlive their
 * sessions. TensorFlow cannot stop a server once it has started, so it lives as long as its process.
 */
export class Server {
  readonly task: Task;
  /** 'grpc://host:port', for a session that runs on this server and sees the devices of the whole cluster. */
  readonly target: string;

  private constructor(task: Task, target: string) {
    this.task = task;
    this.target = target;
  }

  /**
   * Starts to listen on the port of the task's address.
   *
   * @throws {CodedError} CONFIG_INVALID when the cluster has no such task, or an address is not 'host:port';
   * PORT_IN_USE when another process listens there.
   */
  static start(options: ServerOptions): Server {
    const { cluster, task, intraOpThreads = 0, interOpThreads = 0, collectiveLeader = '' } = options;
    const address = addressOf(cluster, task);
    const definition = toBinary(
      ServerDefSchema,
      create(ServerDefSchema, {
        cluster: create(ClusterDefSchema, { job: Object.entries(cluster).map(jobOf) }),
        jobName: task.job,
        taskIndex: task.index,
        protocol: 'grpc',
        defaultSessionConfig: create(ConfigProtoSchema, {
          intraOpParallelismThreads: intraOpThreads,
          interOpParallelismThreads: interOpThreads,
          experimental: { collectiveGroupLeader: collectiveLeader },
        }),
      } satisfies Partial<ServerDef>),
    );
    const { TF_NewServer, TF_ServerStart, TF_ServerTarget } = native();
    const refused = (failure: StatusError): CodedError => notStarted(failure, address);
    const server = checkedPointer((status) => TF_NewServer(definition, definition.length, status), refused);
    // Giving back a server that has started would end the process.
    checked((status) => TF_ServerStart(server, status), refused);
    return new Server(task, TF_ServerTarget(server));
  }
}

function jobOf([name, addresses]: readonly [string, readonly string[]]) {
  return create(JobDefSchema, { name, tasks: { ...addresses } });
}

function addressOf(cluster: Cluster, { job, index }: Task): string {
  const address = cluster[job]?.[index];
  if (address !== undefined && /^[^\s/:]+:\d{1,5}$/u.test(address)) return address;
  throw new CodedError('CONFIG_INVALID', 'A task needs an address in its cluster', {
    details: { field: `${job}:${index}`, expected: 'host:port', got: address ?? 'nothing' },
  });
}

/** TensorFlow says only that a server could not be started where its port is taken. */
function notStarted(failure: StatusError, address: string): CodedError {
  const inUse = failure.status === 'UNKNOWN' && /Could not start gRPC server/u.test(failure.message);
  const message = inUse ? `No server can listen on ${address}` : `TensorFlow starts no server: ${failure.message}`;
  return new CodedError(inUse ? 'PORT_IN_USE' : 'TENSORFLOW_FAILED', message, {
    details: { field: 'address', got: address },
    cause: failure,
  });
}
