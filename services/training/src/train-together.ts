/** Training as one of the ranks that `mpiexec`, `srun` or `aprun` started: from finding one another to parting. */
import { createHash } from 'node:crypto';
import { availableParallelism, cpus, hostname } from 'node:os';
import { Communicator, EXIT_CODES, preflight, type Patience, type Place } from '@bluewaters/collectives';
import { toCodedError } from '@bluewaters/errors';
import { openBus, type TrainRequest, type TrainResult } from '@bluewaters/messages';
import { datasetKeys } from '@bluewaters/records';
import { openStore, type ObjectStore } from '@bluewaters/storage';
import { follow } from './follow.js';
import type { TrainingOptions } from './options.js';
import type { RankPorts } from './run-context.js';
import { train } from './train.js';

/** What a rank is given from outside. */
export interface TogetherOptions
  extends Pick<TrainingOptions, 'store' | 'workDirectory'>, Pick<RankPorts, 'signal' | 'report'> {
  /** TensorFlow's; by default the cores of this host are shared among its ranks. */
  readonly threads?: number | undefined;
  /** Asked on rank 0 only. */
  readonly request: (store: ObjectStore) => Promise<TrainRequest>;
  /** Tells two versions of the code apart. */
  readonly code: string;
  readonly patience?: Partial<Patience>;
  /** Told what `bluewaters launch` wants to know of a rank. */
  readonly tell: (word: RankWord) => void;
}

/** What a rank tells whoever launched it: where it is, and how it ended where it did not end well. */
export type RankWord =
  | { readonly rank: number; readonly pid: number; readonly host: string }
  | { readonly rank: number; readonly failed: string }
  | { readonly rank: number; readonly stopped: string };

/**
 * Trains on this rank's part of every batch. Rank 0 alone writes checkpoints, events, report and model.
 *
 * @returns Of rank 0 what training leaves behind; of the others nothing.
 * @throws {CodedError} INTERRUPTED, on all ranks after the same step, when one of them was asked to stop; MPI_MISSING. On
 * any other failure it ends the process, since the other ranks must end with it.
 */
export async function trainTogether(place: Place, options: TogetherOptions): Promise<TrainResult | undefined> {
  const { tell } = options;
  tell({ rank: place.rank, pid: process.pid, host: hostname() });
  let ranks: Communicator | undefined;
  try {
    ranks = await Communicator.open(place, options.patience);
    const result = await trainAmong(ranks, options);
    await ranks.close();
    return result;
  } catch (error) {
    const { code, message } = toCodedError(error);
    if (code === 'INTERRUPTED') {
      tell({ rank: place.rank, stopped: message });
      await ranks?.close();
      throw error;
    }
    tell({ rank: place.rank, failed: `${code}: ${message}` });
    if (!ranks) throw error;
    return ranks.end(EXIT_CODES.failed);
  }
}

async function trainAmong(ranks: Communicator, options: TogetherOptions): Promise<TrainResult | undefined> {
  const { workDirectory, signal, report, code, threads = ownCores(ranks) } = options;
  const store = await openStore(options.store);
  const bus = await openBus({ kind: 'in-process' });
  try {
    const request = await ranks.broadcast(ranks.rank === 0 ? await options.request(store) : undefined);
    const manifest = await store.get(datasetKeys.manifest(request.dataset));
    const dataset = createHash('sha256').update(manifest).digest('hex');
    await preflight(ranks, { code, dataset, 'TensorFlow threads': String(threads) });
    const ports = { bus, store, workDirectory, threads, signal, report, ranks };
    if (ranks.rank === 0) return await train(request, ports);
    await follow(request, ports);
    return undefined;
  } finally {
    await bus.close();
    await store.close();
  }
}

/** The cores that this rank is bound to, or its share of all of its host's. */
function ownCores({ hosts, rank }: Communicator): number {
  const available = availableParallelism();
  if (available < cpus().length) return available;
  const neighbours = hosts.filter((host) => host === hosts[rank]).length;
  return Math.max(1, Math.floor(available / neighbours));
}
