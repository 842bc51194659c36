/** `bluewaters train` as one of several ranks. */
import { EXIT_CODES, type MeetingPlace, type Place } from '@bluewaters/collectives';
import { CodedError, isCodedError } from '@bluewaters/errors';
import type { Progress, TrainRequest, TrainResult } from '@bluewaters/messages';
import { assertAccess } from '@bluewaters/registry';
import type { ObjectStore } from '@bluewaters/storage';
import type { RankWord } from '@bluewaters/training';
import type { CoordinationOptions, TogetherOptions } from '@bluewaters/training/programs';
import { z } from 'zod';
import { readPlace, type PlaceValues } from './common-options.js';
import { findDataset } from './digests.js';
import { findParent } from './find-model.js';
import { callLauncher } from './launcher-line.js';
import { trainRequest } from './line-options.js';
import { whoAsks } from './person.js';
import { tell } from './rank-word.js';
import type { VerbContext } from './verb.js';
import { workDirectoryOf } from './workplace.js';

/** What ranks may be asked. */
export const rankOptions = {
  worldSize: z
    .int()
    .positive()
    .optional()
    .describe('ranks that were started; to be said under aprun and with --task rank:N'),
  stopAfter: z.number().positive().optional().describe('seconds after which training stops with a checkpoint'),
  startCoordinator: z
    .boolean()
    .default(false)
    .describe('with --bus file:PATH, which all ranks are given: rank 0 starts a coordinator, and NATS for it'),
  rankTimeout: z.number().positive().default(20).describe('seconds without a sign of life after which a rank is lost'),
};

/** What the options of a process that trains with others are. */
export type Values = z.output<z.ZodObject<typeof rankOptions>> &
  PlaceValues &
  Parameters<typeof trainRequest>[0] & { readonly dataset?: string | undefined };

/** What is to be trained. @throws {CodedError} CONFIG_INVALID, ACCESS_REFUSED, MANIFEST_INVALID, MODEL_UNKNOWN, NETWORK_UNKNOWN. */
export async function requestOf(values: Values, store: ObjectStore): Promise<TrainRequest> {
  if (values.dataset === undefined) {
    throw new CodedError('CONFIG_INVALID', 'Say which dataset: --dataset NAME is missing');
  }
  await assertAccess(store, values.dataset, whoAsks());
  return trainRequest(values, await findDataset(store, values.dataset), await findParent(store, values));
}

/** What a process is given that trains with others, whichever way. */
type TrainingPorts = Pick<
  TogetherOptions,
  'store' | 'workDirectory' | 'threads' | 'signal' | 'report' | 'request' | 'code'
>;

/** What a process needs that trains with others; `isFirst` where it is the one that shows how far they are. */
export async function trainingPorts(values: Values, context: VerbContext, isFirst: boolean): Promise<TrainingPorts> {
  // TensorFlow reads them when it is loaded.
  process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  const { codeDigest } = await import('@bluewaters/training');
  const { store, threads } = readPlace(values);
  const report = (progress: Progress): void => {
    if (!isFirst) return;
    const job = { job: '', work: '', state: 'running', attempt: 1, updatedAt: 0 } as const;
    context.terminal.progress('training', { ...job, progress });
  };
  return {
    store,
    workDirectory: workDirectoryOf(store),
    threads,
    signal: AbortSignal.any([context.signal, timeIsUp(values.stopAfter)]),
    report,
    request: (opened: ObjectStore) => requestOf(values, opened),
    code: await codeDigest(),
  };
}

/** Trains as one rank. What is printed and shown is rank 0's. */
export async function trainAsRank(
  place: Place | MeetingPlace,
  values: Values,
  context: VerbContext,
): Promise<TrainResult> {
  const isLeader = place.rank === 0;
  const ports = await trainingPorts(values, context, isLeader);
  const { trainTogether } = await import('@bluewaters/training/programs');
  const coordination = coordinationOf(values, context);
  return endAsRank(isLeader, context, () => trainTogether(place, { ...ports, ...amongOptions(values), coordination }));
}

/** How a rank stands to the others, as its options say. */
export function amongOptions({ rankTimeout }: Pick<Values, 'rankTimeout'>): Pick<TogetherOptions, 'patience' | 'tell'> {
  return { patience: { silence: rankTimeout }, tell: tellAsRank };
}

/** Does a rank's work and ends the process, but where it is the one with a result to show. */
export async function endAsRank<Result>(
  isLeader: boolean,
  context: VerbContext,
  work: () => Promise<Result | undefined>,
): Promise<Result> {
  try {
    const result = await work();
    if (result !== undefined) return result;
  } catch (error) {
    if (isCodedError(error, 'INTERRUPTED') && !isLeader) process.exit(EXIT_CODES.stopped);
    endStopped(error, context);
  }
  process.exit(); // the leader says what came of it
}

/** The coordinator that is to know of the ranks: they need no other service, so that a bus is named for it alone. */
export function coordinationOf(
  values: PlaceValues,
  { terminal }: Pick<VerbContext, 'terminal'>,
): CoordinationOptions | undefined {
  const { bus } = readPlace(values);
  if (bus.kind === 'in-process') return undefined;
  const [run, generation] = (process.env['BLUEWATERS_GENERATION'] ?? '').split(':');
  return {
    bus,
    ...(run && generation && { generation: { run, generation: Number(generation) } }),
    refused: ({ code, message }) => terminal.say(`  note: nobody coordinates this rank: ${code}: ${message}`),
  };
}

/** The longest that Node's timers wait, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Aborted after so many seconds; never without. Not `AbortSignal.timeout`: what `AbortSignal.any` makes of that holds on to
 * it so loosely that it may be gone before its time.
 */
export function timeIsUp(seconds: number | undefined): AbortSignal {
  const up = new AbortController();
  if (seconds !== undefined) setTimeout(() => up.abort(), Math.min(seconds * 1000, LONGEST_MS)).unref();
  return up.signal;
}

/** Trains within a time: ends the process with the exit code of a run that stopped after a checkpoint when it is up. */
export async function withinTime<Result>(
  seconds: number | undefined,
  context: VerbContext,
  train: (context: VerbContext) => Promise<Result>,
): Promise<Result> {
  const up = timeIsUp(seconds);
  try {
    return await train({ ...context, signal: AbortSignal.any([context.signal, up]) });
  } catch (error) {
    if (!up.aborted || context.signal.aborted) throw error;
    endStopped(error, context);
  }
}

/** Ends the process of a run that stopped after a checkpoint. @throws What was caught, when that is anything else. */
export function endStopped(error: unknown, { terminal }: Pick<VerbContext, 'terminal'>): never {
  if (!isCodedError(error, 'INTERRUPTED')) throw error;
  terminal.say(`  ${error.message}; the same command goes on from there`);
  process.exit(EXIT_CODES.stopped);
}

/** A rank that knows its number calls its launcher, before it says so and whatever it says later. */
function tellAsRank(word: RankWord): void {
  if ('pid' in word) callLauncher(word.rank);
  tell(word);
}
