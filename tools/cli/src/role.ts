/** `bluewaters train` with parameter servers, as one of the ranks that a launcher of MPI started. */
import { join } from 'node:path';
import type { Place } from '@bluewaters/collectives';
import { CodedError } from '@bluewaters/errors';
import type { TrainResult } from '@bluewaters/messages';
import type { RoleOptions } from '@bluewaters/training/programs';
import type { z } from 'zod';
import { readPlace } from './common-options.js';
import { amongOptions, coordinationOf, endAsRank, trainingPorts, type Values as RankValues } from './rank.js';
import type { TaskValues, updateOptions } from './task.js';
import type { VerbContext } from './verb.js';

type Values = RankValues & TaskValues & z.output<z.ZodObject<typeof updateOptions>>;

/** Trains as what the rank is among servers and workers. What is printed is the first worker's. */
export async function trainAsRole(
  place: Place,
  roles: RoleOptions['roles'],
  values: Values,
  context: VerbContext,
): Promise<TrainResult> {
  const { update, backupWorkers } = values;
  // Which rank that worker is shows when all have met; the others report nothing, nor are they asked to stop.
  const ports = await trainingPorts(values, context, true);
  const { trainByRole } = await import('@bluewaters/training/programs');
  const options = { ...ports, ...amongOptions(values), roles, update, backupWorkers, meetings: meetingsOf(values) };
  return endAsRank(true, context, () =>
    trainByRole(place, { ...options, coordination: coordinationOf(values, context) }),
  );
}

/** Where ranks find one another. @throws {CodedError} CONFIG_INVALID where none is named, and the store is no folder. */
function meetingsOf(values: Values): string {
  if (values.rendezvous !== undefined) return values.rendezvous;
  const { store } = readPlace(values);
  if (store.kind === 'directory') return join(store.path, 'meetings');
  throw new CodedError('CONFIG_INVALID', 'Servers and workers meet in a folder that all of them see', {
    details: { field: 'rendezvous', expected: 'a folder, since the store is none' },
  });
}
