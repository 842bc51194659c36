/** Training as one task of a cluster: a server that keeps variables, or a worker that computes. */
import { openBus, type TrainRequest, type TrainResult } from '@bluewaters/messages';
import { openStore, type ObjectStore } from '@bluewaters/storage';
import type { TrainingOptions } from './options.js';
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
}

/**
 * Does what the task is for until the run is over.
 *
 * @returns Of the chief what training leaves behind; of the others nothing.
 * @throws {CodedError} As `joinCluster` and `train`.
 */
export function trainWithServers(options: TaskOptions): Promise<TrainResult | undefined> {
  return joinCluster(options, async (seat, threads) => {
    const { workDirectory, signal, report, update, backupWorkers } = options;
    const member = { ...seat, update, backupWorkers };
    const store = await openStore(options.store);
    const bus = await openBus({ kind: 'in-process' });
    try {
      const request = await options.request(store);
      const ports = { bus, store, workDirectory, threads, signal, report, member };
      if (member.worker === 0) return await train(request, ports);
      await work(request, ports);
      return undefined;
    } finally {
      await bus.close();
      await store.close();
    }
  });
}
