/** What every program does that runs as tasks of a cluster: come together, be a server or work, and part. */
import type { Layout, RankTask } from '@bluewaters/collectives';
import { CodedError, toCodedError } from '@bluewaters/errors';
import { availableCores } from '@bluewaters/service';
import { hasNativeOperations, isPeerLost, Server } from '@bluewaters/tensorflow';
import type { Seat } from './member.js';
import { Rendezvous } from './rendezvous.js';

/** What a task is told. */
export interface ClusterOptions extends Layout {
  readonly task: RankTask;
  /** A folder that all tasks of this generation see, and none of another. */
  readonly rendezvous: string;
  /** TensorFlow's; by default the workers of this host share its cores. */
  readonly threads?: number | undefined;
  /** Tells two versions of the code apart. */
  readonly code: string;
  readonly signal: AbortSignal;
}

/** Threads that wait for other tasks, beside those that compute. */
const WAITING_THREADS = 2;

/**
 * Is a server until the chief has done its work, or works.
 *
 * @param work Of workers only.
 * @returns Of workers what they came to.
 * @throws {CodedError} PROCESS_DIED when another task was lost; RANKS_DIFFER, TIMED_OUT when tasks do not come together;
 * INTERRUPTED when asked to stop; what the work says.
 */
export async function joinCluster<Result>(
  options: ClusterOptions,
  work: (seat: Seat, threads: number) => Promise<Result>,
): Promise<Result | undefined> {
  const { task, servers, workers, signal } = options;
  const rendezvous = new Rendezvous(options.rendezvous);
  try {
    const { server, threads } = await startServer(options, rendezvous);
    if (task.job === 'worker') {
      return await work({ worker: task.index, workers, servers, server, rendezvous }, threads);
    }
    await rendezvous.ended(signal);
    return undefined;
  } catch (error) {
    throw isPeerLost(error) ? lost(error) : error;
  } finally {
    if (task.job === 'worker' && task.index === 0) await rendezvous.end();
  }
}

async function startServer(
  { task, servers, workers, code, threads: asked }: ClusterOptions,
  rendezvous: Rendezvous,
): Promise<{ readonly server: Server; readonly threads: number }> {
  const { cluster, workersHere } = await rendezvous.meet(task, { servers, workers }, code);
  const threads = asked ?? Math.max(1, Math.floor(availableCores() / Math.max(1, workersHere)));
  hasNativeOperations(); // graphs that come from others name them
  const server = Server.start({ cluster, task, intraOpThreads: threads, interOpThreads: threads + WAITING_THREADS });
  return { server, threads };
}

/** TensorFlow says which connection broke, in many words. */
function lost(cause: unknown): CodedError {
  return new CodedError('PROCESS_DIED', `A task of this generation was lost: ${toCodedError(cause).message}`, {
    cause,
  });
}
