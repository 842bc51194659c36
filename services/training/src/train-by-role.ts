/**
 * Training with parameter servers as one of the ranks that a launcher of MPI started: some are servers, some workers, and
 * who is left over waits. On a Cray all programs of an application share one world and have to take part in MPI, also those
 * that speak gRPC alone.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  castByGpu,
  castInOrder,
  layoutOfCast,
  preflight,
  taskInOrder,
  type AskedLayout,
  type Cast,
  type Layout,
  type Place,
  type RankGroup,
  type RankTask,
} from '@bluewaters/collectives';
import type { RankRole, TrainRequest, TrainResult } from '@bluewaters/messages';
import { openStore } from '@bluewaters/storage';
import { amongRanks, type AmongOptions } from './among-ranks.js';
import { Coordination } from './presence/coordination.js';
import { joinGeneration } from './presence/join-generation.js';
import { ownCores } from './ranks.js';
import { Rendezvous } from './servers/rendezvous.js';
import { playTask, type TaskOptions } from './train-with-servers.js';

/** What such a rank is given from outside. */
export interface RoleOptions extends AmongOptions, Omit<TaskOptions, 'task' | 'rendezvous' | keyof Layout> {
  /** What says who is a server: see {@link castInOrder}, or {@link castByGpu} with what each rank knows of itself. */
  readonly roles: AskedLayout | { readonly hasGpu: boolean };
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
 * @throws {CodedError} INTERRUPTED on the chief, when any rank was asked to stop; CONFIG_INVALID where there are too few
 * ranks; as {@link amongRanks} says.
 */
export async function trainByRole(place: Place, options: RoleOptions): Promise<TrainResult | undefined> {
  const { roles } = options;
  const coordination = options.coordination && new Coordination(options.coordination);
  // From now on, so that those can be named that never come.
  const role = 'hasGpu' in roles ? undefined : roleOf(taskInOrder(place.rank, roles));
  coordination?.announce({ rank: place.rank, ranks: place.size, role });
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
  const cast = await castOf(ranks, options);
  const task = cast[ranks.rank];
  const role = roleOf(task);
  // The chief knows how the generation ended.
  const request = role === 'chief' ? await requestHere(options) : undefined;
  const leader = cast.findIndex((of) => roleOf(of) === 'chief');
  await joinGeneration(ranks, coordination, { leader, run: request?.run, role });
  const meeting = new Rendezvous(folder);
  const { threads = ownCores(ranks) } = options;
  const asked = coordination ? AbortSignal.any([options.signal, coordination.stop]) : options.signal;
  const asTask = (of: RankTask, signal: AbortSignal): Promise<TrainResult | undefined> => {
    const report = role === 'chief' ? options.report : (): void => undefined;
    const given = { ...options, ...layoutOfCast(cast), task: of, threads, rendezvous: folder, signal, report };
    return playTask(given, coordination);
  };
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

async function castOf(ranks: RankGroup, { roles }: RoleOptions): Promise<Cast> {
  return 'hasGpu' in roles ? castByGpu(await ranks.gather(roles.hasGpu)) : castInOrder(ranks.size, roles);
}

function roleOf(task: RankTask | undefined): RankRole {
  if (!task) return 'bystander';
  if (task.job === 'ps') return 'server';
  return task.index === 0 ? 'chief' : 'worker';
}
