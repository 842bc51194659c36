/** `bluewaters train` as one task of a cluster: a parameter server or a worker. */
import { EXIT_CODES, type Layout, type MeetingPlace, type RankTask } from '@bluewaters/collectives';
import { CodedError, isCodedError, toCodedError } from '@bluewaters/errors';
import type { TrainResult } from '@bluewaters/messages';
import { z } from 'zod';
import { RANK_WORD } from './rank-word.js';
import { coordinationOf, trainingPorts, type Values as RankValues } from './rank.js';
import type { VerbContext } from './verb.js';

/** What tasks may be asked; `bluewaters launch` says it. */
export const taskOptions = {
  task: z
    .string()
    .regex(/^(?:ps|worker):\d+$/u, 'ps:N or worker:N')
    .optional()
    .describe('what this process is, ps:N or worker:N, where variables are on parameter servers'),
  servers: z
    .int()
    .positive()
    .optional()
    .describe('parameter servers; of ranks that a launcher of MPI started these are the first ones'),
  workers: z.int().positive().optional().describe('workers that compute; default: the other ranks'),
  rendezvous: z
    .string()
    .optional()
    .describe(
      'a folder that all tasks see, where they find one another; with --task a new one; else default: in STORE',
    ),
};

/** A task's options where it may also be a rank of several that speak over gRPC. */
export const rankTaskOptions = {
  ...taskOptions,
  task: z
    .string()
    .regex(/^(?:ps|worker|rank):\d+$/u, 'ps:N, worker:N or rank:N')
    .optional()
    .describe(`${taskOptions.task.description}; rank:N, of as many as --world-size says, where ranks speak over gRPC`),
};

/** How workers come to updates, as a person says it. */
export const updateOptions = {
  update: z
    .enum(['asynchronous', 'synchronous'])
    .default('asynchronous')
    .describe(
      'with parameter servers: asynchronous, each worker for itself, or synchronous, all waiting for one another',
    ),
  backupWorkers: z
    .int()
    .min(0)
    .default(0)
    .describe('with --update synchronous: workers whose gradients an update need not wait for'),
};

/** Values of {@link taskOptions}. */
export type TaskValues = z.output<z.ZodObject<typeof taskOptions>>;

/** A process's place in a cluster. */
export interface TaskPlace extends Layout {
  readonly task: RankTask;
  readonly rendezvous: string;
}

/** The place that the options give; undefined where they name no task. @throws {CodedError} CONFIG_INVALID. */
export function placeInCluster({ task, servers, workers, rendezvous }: TaskValues): TaskPlace | undefined {
  if (task === undefined) return undefined;
  const [job, index] = task.split(':') as ['ps' | 'worker', string];
  const count = job === 'ps' ? servers : workers;
  if (servers === undefined || workers === undefined || rendezvous === undefined || Number(index) >= (count ?? 0)) {
    throw new CodedError(
      'CONFIG_INVALID',
      'A task needs --servers, --workers and --rendezvous, and to be one of them',
      {
        details: { field: 'task', expected: `${job}:0 to ${job}:${(count ?? 1) - 1}`, got: task },
      },
    );
  }
  return { task: { job, index: Number(index) }, servers, workers, rendezvous };
}

/** The place of a rank that is told where to meet the others; undefined where the options name none. @throws {CodedError} CONFIG_INVALID. */
export function meetingPlace({
  task,
  worldSize: size,
  rendezvous,
}: TaskValues & Pick<RankValues, 'worldSize'>): MeetingPlace | undefined {
  if (!task?.startsWith('rank:')) return undefined;
  const rank = Number(task.slice('rank:'.length));
  if (size !== undefined && rendezvous !== undefined && rank < size) return { rank, size, rendezvous };
  throw new CodedError('CONFIG_INVALID', 'A rank needs --world-size and --rendezvous, and to be one of them', {
    details: { field: 'task', expected: `rank:0 to rank:${(size ?? 1) - 1}`, got: task },
  });
}

/** Trains as a task. What is printed and shown is the chief's. */
export async function trainAsTask(
  place: TaskPlace,
  values: RankValues & z.output<z.ZodObject<typeof updateOptions>>,
  context: VerbContext,
): Promise<TrainResult> {
  const isChief = place.task.job === 'worker' && place.task.index === 0;
  const ports = await trainingPorts(values, context, isChief);
  const { update, backupWorkers } = values;
  const { trainWithServers } = await import('@bluewaters/training/programs');
  const coordination = coordinationOf(values, context);
  return endAsTask(place, isChief, () => trainWithServers({ ...ports, ...place, update, backupWorkers, coordination }));
}

/**
 * Does a task's work, and ends the process by an exit code that says how it came out, but where it has a result to show.
 */
export async function endAsTask<Result>(
  { task }: TaskPlace,
  isChief: boolean,
  work: () => Promise<Result | undefined>,
): Promise<Result> {
  try {
    const result = await work();
    if (isChief && result !== undefined) return result;
  } catch (error) {
    const { code, message } = toCodedError(error);
    const name = `${task.job}:${task.index}`;
    if (isCodedError(error, 'INTERRUPTED')) {
      tell({ task: name, stopped: message });
      process.exit(EXIT_CODES.stopped);
    }
    if (isCodedError(error, 'PROCESS_DIED')) process.exit(EXIT_CODES.rankLost);
    tell({ task: name, failed: `${code}: ${message}` });
    process.exit(EXIT_CODES.failed);
  }
  process.exit();
}

/** How a task ended that did not end well. */
export type TaskWord =
  | { readonly task: string; readonly failed: string }
  | { readonly task: string; readonly stopped: string };

function tell(word: TaskWord): void {
  if (process.env['BLUEWATERS_LAUNCHED']) process.stderr.write(`${RANK_WORD}${JSON.stringify(word)}\n`);
  else process.stderr.write(`${word.task}: ${'failed' in word ? `error ${word.failed}` : word.stopped}\n`);
}
