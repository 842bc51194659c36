import { CodedError } from '@bluewaters/errors';
import {
  consumeJobs,
  IndexSynset,
  type JobContext,
  type MessageBus,
  type Progress,
  type Subscription,
  type SynsetIndexed,
  type SynsetRequest,
} from '@bluewaters/messages';
import type { ImageLimits } from '@bluewaters/images';
import { assertAccess } from '@bluewaters/registry';
import type { ObjectStore } from '@bluewaters/storage';
import type { IndexContext } from '../context.js';
import { indexNameOf } from '../labels.js';
import { findSynsetResult } from '../synset-result.js';
import { bytesOf, indexUnit } from '../synset-unit.js';
import { Tally } from '../tally.js';
import { JoinedArchive } from './joined-archive.js';
import { partOf, storePart } from './unit-parts.js';

/** A unit that so many workers died of, or were stopped at, would go on to take each that is left. */
const MOST_DELIVERIES = 10;

/** What taking units needs. */
export interface UnitPorts {
  readonly bus: MessageBus;
  readonly store: ObjectStore;
  /** The most that a unit may let a picture cost. */
  readonly limits: ImageLimits;
  /** A folder with room for the plain bytes of compressed annotations. */
  readonly scratch: string;
  readonly picturesAtATime?: IndexContext['picturesAtATime'];
}

/**
 * Takes units of archives from the queue, one at a time, whoever gave them out. A unit is acknowledged when its result is in
 * the store.
 */
export async function takeUnits({ bus, store, limits, scratch, picturesAtATime }: UnitPorts): Promise<Subscription> {
  const joined = new JoinedArchive({ store, scratch, picturesAtATime });
  const jobs = await consumeJobs(bus, IndexSynset, async (request, context) => {
    try {
      assertWithin(limits, request);
      return await takeUnit(request, context, { store, joined });
    } finally {
      joined.rest();
    }
  });
  const stop = async (): Promise<void> => {
    await jobs.stop();
    await joined[Symbol.asyncDispose]();
  };
  return { stop };
}

/** Whoever may put units in the queue is not to decide what a picture may cost here. */
function assertWithin(own: ImageLimits, { limits }: SynsetRequest): void {
  if (limits.maxBytes <= own.maxBytes && limits.maxPixels <= own.maxPixels) return;
  throw new CodedError('CONFIG_INVALID', 'A unit of work allows larger pictures than its worker', {
    details: { field: 'limits', expected: `at most ${JSON.stringify(own)}`, got: JSON.stringify(limits) },
  });
}

async function takeUnit(
  request: SynsetRequest,
  { attempt, person, signal, ...context }: JobContext,
  { store, joined }: { readonly store: ObjectStore; readonly joined: JoinedArchive },
): Promise<SynsetIndexed> {
  const { synset } = request;
  if (attempt > MOST_DELIVERIES) {
    throw new CodedError('PROCESS_DIED', `${MOST_DELIVERIES} workers ended before they had finished ${synset}`);
  }
  await assertAccess(store, request.request.dataset, person);
  const report = (progress: Progress): void => context.report(progress);
  const { unit, archive } = await joined.find(request, { signal, report });
  if (request.part) {
    const part = partOf(unit, request.part);
    return storePart(part, archive, { signal, tally: new Tally(report, bytesOf(part)) });
  }
  const tally = new Tally(report, bytesOf(unit));
  const found = await findSynsetResult(store, indexNameOf(request.request), unit);
  const { sha256, examples } = found ?? (await indexUnit(unit, archive, { signal, tally }));
  return { sha256, examples };
}
