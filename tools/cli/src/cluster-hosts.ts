/** Which hosts of a cluster do what: by their order, or by which of them have a GPU, as they tell one another in a folder. */
import { setTimeout as sleep } from 'node:timers/promises';
import { castByGpu, layoutOfCast, type Layout } from '@bluewaters/collectives';
import { CodedError } from '@bluewaters/errors';
import { getIfThere, type ObjectStore } from '@bluewaters/storage';
import { z } from 'zod';

/** For the first part to have started, and where GPUs decide for all of them, in milliseconds. */
export const PATIENCE_MS = 120_000;
/** Between two looks into the folder, in milliseconds. */
export const LOOK_EVERY_MS = 250;

/** Those that have a part each, in the order in which they are dealt tasks. */
export interface Hosts {
  readonly hosts: readonly string[];
  /** Which of them this is. */
  readonly index: number;
  /** Where GPUs decide. */
  readonly layout?: Layout;
}

/**
 * Puts the hosts that have a GPU first, so that these are dealt the workers where not all have one.
 *
 * @param own Whether this one has.
 * @throws {CodedError} TIMED_OUT naming a host that has not said; INTERRUPTED; CONFIG_INVALID for one host.
 */
export async function byGpu(
  { hosts, index }: Hosts,
  own: boolean,
  store: ObjectStore,
  signal: AbortSignal,
): Promise<Hosts> {
  await write(store, `gpu/${index}`, own);
  const deadline = performance.now() + PATIENCE_MS;
  const parts = hosts.map((_, part) => part);
  const gpus: boolean[] = [];
  for (const part of parts) gpus.push(await gpuOf(part));
  const order = [true, false].flatMap((has) => parts.filter((part) => gpus[part] === has));
  return {
    hosts: order.map((part) => hosts[part] ?? ''),
    index: order.indexOf(index),
    layout: layoutOfCast(castByGpu(gpus)),
  };

  async function gpuOf(part: number): Promise<boolean> {
    for (;;) {
      const said = await read(store, `gpu/${part}`);
      if (said !== undefined) return z.boolean().parse(said);
      if (signal.aborted) throw new CodedError('INTERRUPTED', 'Stopped while no tasks were under way here');
      if (performance.now() > deadline) {
        throw new CodedError('TIMED_OUT', `Nobody launched the part on ${hosts[part]}`);
      }
      await sleep(LOOK_EVERY_MS);
    }
  }
}

/** Leaves a value for the other hosts. */
export async function write(store: ObjectStore, key: string, value: unknown): Promise<void> {
  await store.put(key, Buffer.from(JSON.stringify(value)));
}

/** What another host has left; undefined where there is nothing yet. */
export async function read(store: ObjectStore, key: string): Promise<unknown> {
  const bytes = await getIfThere(store, key);
  return bytes && (JSON.parse(Buffer.from(bytes).toString()) as unknown);
}

/**
 * The tasks of one of several hosts, as `ps:N` and `worker:N`. Workers are dealt from the first host on, which so has the
 * chief, and servers from the last one on: where there are more hosts than workers, servers have theirs for themselves.
 */
export function tasksOf(host: number, hosts: number, { servers, workers }: Layout): string[] {
  const dealt = (count: number, at: number): number[] =>
    Array.from({ length: count }, (_, index) => index).filter((index) => index % hosts === at);
  const ps = dealt(servers, hosts - 1 - host).map((index) => `ps:${index}`);
  return [...ps, ...dealt(workers, host).map((index) => `worker:${index}`)];
}
