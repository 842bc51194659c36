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
import type { RankRole, TrainRequest, TrainResult } from '@bluewaters/messages';
import { openStore } from '@bluewaters/storage';
import { amongRanks, type AmongOptions } from './among-ranks.js';
import { Coordination } from './presence/coordination.js';
import { joinGeneration } from './presence/join-generation.js';
import { ownCores } from './ranks.js';
import { Rendezvous, type Layout } from './servers/rendezvous.js';
import { playTask, type TaskOptions } from './train-with-servers.js';

/** What such a rank is given from outside. */
export interface RoleOptions extends AmongOptions, Omit<TaskOptions, 'task' | 'workers' | 'rendezvous'> {
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
  const coordination = options.coordination && new Coordination(options.coordination);
  // From now on, so that those can be named that never come.
  coordination?.announce({ rank: place.rank, ranks: place.size, role: roleOf(place.rank, options) });
  let folder: string | undefined;
  const work = async (ranks: RankGroup): Promise<TrainResult | undefined> => {
    await preflight(ranks, { code: options.code });
    folder = await ranks.broadcast(ranks.rank === 0 ? join(options.meetings, randomUUID()) : undefined);
    return play(ranks, folder, options, coordination);
  };
  try {
    return await amongRanks(place, options, work, coordination);
  } finally {
    // All have parted by now.
    if (place.rank === 0 && folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function play(
  ranks: RankGroup,
  folder: string,
  options: RoleOptions,
  coordination: Coordination | undefined,
): Promise<TrainResult | undefined> {
  const layout = layoutOf(ranks.size, options);
  const task = taskOf(ranks.rank, layout);
  const role = roleOf(ranks.rank, options);
  // The chief knows how the generation ended.
  const request = role === 'chief' ? await requestHere(options) : undefined;
  await joinGeneration(ranks, coordination, { leader: layout.servers, run: request?.run, role });
  const meeting = new Rendezvous(folder);
  const { threads = ownCores(ranks) } = options;
  const asked = coordination ? AbortSignal.any([options.signal, coordination.stop]) : options.signal;
  const asTask = (of: NonNullable<typeof task>, signal: AbortSignal): Promise<TrainResult | undefined> =>
    playTask({ ...options, ...layout, task: of, threads, rendezvous: folder, signal }, coordination);
  if (task && request) {
    const stop = new AbortController();
    const look = setInterval(() => void meeting.isToStop().then((isToStop) => isToStop && stop.abort()), LOOK_EVERY_MS);
    return asTask(task, AbortSignal.any([asked, stop.signal])).finally(() => clearInterval(look));
  }
  // The chief writes a checkpoint, and lets all end.
  asked.addEventListener('abort', () => void meeting.askToStop(), { once: true });
  if (asked.aborted) await meeting.askToStop();
  const { signal } = new AbortController();
  if (task) return asTask(task, signal);
  await meeting.ended(signal);
  return undefined;
}

/** What is to be trained, as this rank was told. */
async function requestHere({ store, request }: RoleOptions): Promise<TrainRequest> {
  const opened = await openStore(store);
  try {
    return await request(opened);
  } finally {
    await opened.close();
  }
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

/** What a rank is by its number alone, which it knows before it has met the others. */
function roleOf(rank: number, { servers, workers = Infinity }: RoleOptions): RankRole {
  if (rank < servers) return 'server';
  if (rank === servers) return 'chief';
  return rank < servers + workers ? 'worker' : 'bystander';
}
