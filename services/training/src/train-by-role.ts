/**
 * Training with parameter servers as one of the ranks that a launcher of MPI started: the first ones are the servers, then
 * come the workers, and who is left over waits. On a Cray all programs of an application share one world and have to take
 * part in MPI, also those that speak gRPC alone.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { preflight, type Place, type RankGroup } from '@bluewaters/collectives';
import { CodedError } from '@bluewaters/errors';
import type { TrainResult } from '@bluewaters/messages';
import { amongRanks, type AmongOptions } from './among-ranks.js';
import { ownCores } from './ranks.js';
import { Rendezvous, type Layout } from './servers/rendezvous.js';
import { trainWithServers, type TaskOptions } from './train-with-servers.js';

/** What such a rank is given from outside. */
export interface RoleOptions
  extends AmongOptions, Omit<TaskOptions, 'task' | 'workers' | 'rendezvous' | 'coordination'> {
  /** By default all ranks but the servers. */
  readonly workers?: number | undefined;
  /** A folder that all ranks see, where each generation makes one of its own to meet in. */
  readonly meetings: string;
}

/** Between two looks of the chief at whether another rank was asked to stop, in milliseconds. */
const LOOK_EVERY_MS = 1_000;

/**
 * Does what this rank's role is until the run is over. MPI's watchdog ends all ranks when one is lost; whoever started
 * them starts them again, from the last checkpoint.
 *
 * @returns Of the chief what training leaves behind; of the others nothing.
 * @throws {CodedError} INTERRUPTED on the chief, when any rank was asked to stop; as {@link amongRanks} says.
 */
export async function trainByRole(place: Place, options: RoleOptions): Promise<TrainResult | undefined> {
  let folder: string | undefined;
  try {
    return await amongRanks(place, options, async (ranks) => {
      await preflight(ranks, { code: options.code });
      folder = await ranks.broadcast(ranks.rank === 0 ? join(options.meetings, randomUUID()) : undefined);
      return play(ranks, folder, options);
    });
  } finally {
    // All have parted by now.
    if (place.rank === 0 && folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function play(ranks: RankGroup, folder: string, options: RoleOptions): Promise<TrainResult | undefined> {
  const layout = layoutOf(ranks.size, options);
  const meeting = new Rendezvous(folder);
  const task = taskOf(ranks.rank, layout);
  const isChief = task?.job === 'worker' && task.index === 0;
  const { threads = ownCores(ranks) } = options;
  if (isChief) {
    const stop = new AbortController();
    const look = setInterval(() => void meeting.isToStop().then((isToStop) => isToStop && stop.abort()), LOOK_EVERY_MS);
    const signal = AbortSignal.any([options.signal, stop.signal]);
    const result = trainWithServers({ ...options, ...layout, task, threads, rendezvous: folder, signal });
    return result.finally(() => clearInterval(look));
  }
  // The chief writes a checkpoint, and lets all end.
  options.signal.addEventListener('abort', () => void meeting.askToStop(), { once: true });
  const { signal } = new AbortController();
  if (task) return trainWithServers({ ...options, ...layout, task, threads, rendezvous: folder, signal });
  await meeting.ended(signal);
  return undefined;
}

function layoutOf(size: number, { servers, workers = size - servers }: RoleOptions): Layout {
  if (workers > 0 && servers + workers <= size) return { servers, workers };
  throw new CodedError('CONFIG_INVALID', 'There are too few ranks for so many servers and workers', {
    details: { field: 'servers', expected: `together ${size} at most`, got: `${servers} and ${workers} workers` },
  });
}

/** Undefined for a rank that is left over. */
function taskOf(rank: number, { servers, workers }: Layout): TaskOptions['task'] | undefined {
  if (rank < servers) return { job: 'ps', index: rank };
  return rank < servers + workers ? { job: 'worker', index: rank - servers } : undefined;
}
