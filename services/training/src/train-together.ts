/** Training as one of several ranks, over MPI or gRPC: from finding one another to parting. */
import { createHash } from 'node:crypto';
import { preflight, type MeetingPlace, type Place, type RankGroup } from '@bluewaters/collectives';
import { openBus, type TrainRequest, type TrainResult } from '@bluewaters/messages';
import { datasetKeys } from '@bluewaters/records';
import { openStore, type ObjectStore } from '@bluewaters/storage';
import { amongRanks, type AmongOptions } from './among-ranks.js';
import { follow } from './follow.js';
import type { TrainingOptions } from './options.js';
import { Coordination, type CoordinationOptions } from './presence/coordination.js';
import { joinGeneration } from './presence/join-generation.js';
import { ownCores } from './ranks.js';
import type { RankPorts } from './run-context.js';
import { train } from './train.js';

/** What a rank is given from outside. */
export interface TogetherOptions
  extends AmongOptions, Pick<TrainingOptions, 'store' | 'workDirectory'>, Pick<RankPorts, 'signal' | 'report'> {
  /** TensorFlow's; by default the cores of this host are shared among its ranks. */
  readonly threads?: number | undefined;
  /** Asked on rank 0 only. */
  readonly request: (store: ObjectStore) => Promise<TrainRequest>;
  /** Tells two versions of the code apart. */
  readonly code: string;
  /** Where there is a coordinator that is to know of the ranks. */
  readonly coordination?: CoordinationOptions | undefined;
}

/**
 * Trains on this rank's part of every batch. Rank 0 alone writes checkpoints, events, report and model.
 *
 * @returns Of rank 0 what training leaves behind; of the others nothing.
 * @throws {CodedError} INTERRUPTED, on all ranks after the same step, when one of them was asked to stop; as
 * {@link amongRanks} says.
 */
export async function trainTogether(
  place: Place | MeetingPlace,
  options: TogetherOptions,
): Promise<TrainResult | undefined> {
  const coordination = options.coordination && new Coordination(options.coordination);
  // From now on, so that those can be named that never come.
  coordination?.announce({ rank: place.rank, ranks: place.size });
  return amongRanks(
    place,
    options,
    (ranks) => trainAmong(ranks, { ...options, coordinated: coordination }),
    coordination,
  );
}

async function trainAmong(
  ranks: RankGroup,
  options: TogetherOptions & { readonly coordinated: Coordination | undefined },
): Promise<TrainResult | undefined> {
  const { workDirectory, report, code, coordinated, threads = ownCores(ranks) } = options;
  const store = await openStore(options.store);
  const bus = await openBus({ kind: 'in-process' });
  try {
    const request = await ranks.broadcast(ranks.rank === 0 ? await options.request(store) : undefined);
    const manifest = await store.get(datasetKeys.manifest(request.dataset));
    const dataset = createHash('sha256').update(manifest).digest('hex');
    await preflight(ranks, { code, dataset, 'TensorFlow threads': String(threads) });
    await joinGeneration(ranks, coordinated, { leader: 0, run: request.run });
    const signal = coordinated ? AbortSignal.any([options.signal, coordinated.stop]) : options.signal;
    const steered = { show: coordinated?.show, evaluations: coordinated?.evaluations };
    const ports = { bus, store, workDirectory, threads, signal, report, ranks, ...steered };
    if (ranks.rank === 0) {
      await coordinated?.forward(bus);
      return await train(request, ports);
    }
    await follow(request, ports);
    return undefined;
  } finally {
    await bus.close();
    await store.close();
  }
}
