/** Training as one task of a cluster: a server that keeps variables, or a worker that computes. */
import { openBus, type TrainRequest, type TrainResult } from '@bluewaters/messages';
import { openStore, type ObjectStore } from '@bluewaters/storage';
import type { TrainingOptions } from './options.js';
import { Coordination, type CoordinationOptions } from './presence/coordination.js';
import type { RankPorts } from './run-context.js';
import { joinCluster, type ClusterOptions } from './servers/join-cluster.js';
import type { UpdateRule } from './servers/member.js';
import { train } from './train.js';
import { work } from './work.js';

/** What a task is given from outside. */
export interface TaskOptions
  extends ClusterOptions, UpdateRule, Pick<TrainingOptions, 'store' | 'workDirectory'>, Pick<RankPorts, 'report'> {
  /** Asked of workers only. */
  readonly request: (store: ObjectStore) => Promise<TrainRequest>;
  /** Where there is a coordinator that is to know of the workers. */
  readonly coordination?: CoordinationOptions | undefined;
}

/**
 * Does what the task is for until the run is over.
 *
 * @returns Of the chief what training leaves behind; of the others nothing.
 * @throws {CodedError} As `joinCluster` and `train`.
 */
export async function trainWithServers(options: TaskOptions): Promise<TrainResult | undefined> {
  const { task, workers } = options;
  // Of tasks the workers alone are ranks of the run, whose number may be ordered.
  const coordination =
    task.job === 'worker' && options.coordination ? new Coordination(options.coordination) : undefined;
  // From now on, so that those can be named that never come.
  coordination?.announce({ rank: task.index, ranks: workers, role: task.index === 0 ? 'chief' : 'worker' });
  try {
    return await playTask(options, coordination);
  } finally {
    await coordination?.end();
  }
}

/** Does what the task is for, and shows it to a coordinator that is told of its end by others. */
export function playTask(
  options: Omit<TaskOptions, 'coordination'>,
  coordination: Coordination | undefined,
): Promise<TrainResult | undefined> {
  return joinCluster(options, async (seat, threads) => {
    const { workDirectory, report, update, backupWorkers } = options;
    const member = { ...seat, update, backupWorkers };
    const store = await openStore(options.store);
    const bus = await openBus({ kind: 'in-process' });
    try {
      const request = await options.request(store);
      const isChief = member.worker === 0;
      // The others end when the chief lets them.
      const signal = isChief && coordination ? AbortSignal.any([options.signal, coordination.stop]) : options.signal;
      const steered = { show: coordination?.show, evaluations: coordination?.evaluations };
      const ports = { bus, store, workDirectory, threads, signal, report, member, ...steered };
      if (isChief) {
        await coordination?.forward(bus);
        return await train(request, ports);
      }
      await work(request, ports);
      return undefined;
    } finally {
      await bus.close();
      await store.close();
    }
  });
}
