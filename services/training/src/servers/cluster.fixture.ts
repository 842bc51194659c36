/** A cluster whose tasks are all in this process. */
import type { Layout } from '@bluewaters/collectives';
import { isCodedError } from '@bluewaters/errors';
import type { TrainRequest, TrainResult } from '@bluewaters/messages';
import { Server } from '@bluewaters/tensorflow';
import { freePort, temporaryDirectory } from '@bluewaters/testing';
import { train } from '../train.js';
import { work } from '../work.js';
import type { workplace } from '../workplace.fixture.js';
import type { Member, UpdateRule } from './member.js';
import { Rendezvous } from './rendezvous.js';

/** Another process may take a port between its choice and its use. */
const MOST_ATTEMPTS = 5;

/** Starts all servers; they live as long as the process. */
export async function startCluster(layout: Layout & Partial<UpdateRule>, attempts = MOST_ATTEMPTS): Promise<Member[]> {
  try {
    return await startOnce(layout);
  } catch (error) {
    if (attempts === 1 || !isCodedError(error, 'PORT_IN_USE')) throw error;
    return startCluster(layout, attempts - 1);
  }
}

async function startOnce(layout: Layout & Partial<UpdateRule>): Promise<Member[]> {
  const { servers, workers, update = 'asynchronous', backupWorkers = 0 } = layout;
  const addresses = async (count: number): Promise<string[]> => {
    const found: string[] = [];
    for (let index = 0; index < count; index += 1) found.push(`127.0.0.1:${await freePort()}`);
    return found;
  };
  const cluster = { ps: await addresses(servers), worker: await addresses(workers) };
  const threads = { intraOpThreads: 2, interOpThreads: 4 };
  for (let index = 0; index < servers; index += 1) Server.start({ cluster, task: { job: 'ps', index }, ...threads });
  const rendezvous = new Rendezvous(await temporaryDirectory());
  return Array.from({ length: workers }, (_, worker) => {
    const server = Server.start({ cluster, task: { job: 'worker', index: worker }, ...threads });
    return { worker, workers, servers, server, rendezvous, update, backupWorkers };
  });
}

/** Trains with all workers of a cluster, at most so many steps of the chief's. @returns What the chief does. */
export async function trainOn(
  members: readonly Member[],
  place: Awaited<ReturnType<typeof workplace>>,
  { changes = {}, stopAfter = Infinity }: { changes?: Partial<TrainRequest>; stopAfter?: number } = {},
): Promise<TrainResult> {
  const request = place.requestWith(changes);
  const [chief, ...others] = members as [Member, ...Member[]];
  const working = others.map((member) => work(request, { ...place.ports(), report: () => undefined, member }));
  const [result] = await Promise.all([train(request, { ...place.portsFor(stopAfter), member: chief }), ...working]);
  return result;
}
