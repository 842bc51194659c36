import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError, isCodedError, parseStored, toCodedError } from '@bluewaters/errors';
import { EvaluatedStep, Evaluation, TrainRequest, type RunRecord, type TrainResult } from '@bluewaters/messages';
import { runKeys } from '@bluewaters/records';
import { getIfThere, type ObjectStore } from '@bluewaters/storage';
import { z } from 'zod';
import { writeWhole } from './files.js';
import { bestOf, hasStalled } from './standing.js';
import { World } from './worlds.js';

/** `run.json`, in `checkpoint_dir`: what the run is and how far it came. */
export const RunEntry = z.strictObject({
  format: z.literal('bluewaters.run.v1'),
  request: TrainRequest,
  state: z.enum(['running', 'stopped', 'done']),
  step: z.int().nonnegative(),
  epoch: z.int().nonnegative(),
  checkpointStep: z.int().nonnegative().optional(),
  /** The newest. */
  evaluation: Evaluation.optional(),
  /** Of each epoch, oldest first; empty for runs from before they were kept. */
  evaluations: z.array(EvaluatedStep).default([]),
  /** How many ranks made which steps, the first ones first; empty for runs from before it was kept. */
  worlds: z.array(World).default([]),
  /** Of the registered model. */
  version: z.int().positive().optional(),
});
/** See {@link RunEntry:variable}. */
export type RunEntry = z.infer<typeof RunEntry>;

const FILE = 'run.json';

/** The entry in a `checkpoint_dir`, or undefined for a new run. @throws {CodedError} CHECKPOINT_INVALID; FORMAT_UNKNOWN. */
export async function readRunEntry(directory: string): Promise<RunEntry | undefined> {
  const path = join(directory, FILE);
  try {
    return parseRunEntry(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (toCodedError(error).code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** The entry of a run as the store has it, or undefined for a new run. @throws {CodedError} CHECKPOINT_INVALID; FORMAT_UNKNOWN. */
export async function storedRunEntry(store: ObjectStore, run: string): Promise<RunEntry | undefined> {
  const key = runKeys.entry(run);
  const bytes = await getIfThere(store, key);
  return bytes && parseRunEntry(Buffer.from(bytes).toString('utf8'), key);
}

/** Reads `run.json`'s text. @throws {CodedError} CHECKPOINT_INVALID that names the file and the field; FORMAT_UNKNOWN. */
export function parseRunEntry(text: string, file: string): RunEntry {
  try {
    return parseStored(RunEntry, text, { format: RunEntry.shape.format.value, file });
  } catch (error) {
    if (isCodedError(error)) throw error;
    const field = error instanceof z.ZodError ? error.issues[0]?.path.join('.') : undefined;
    throw new CodedError('CHECKPOINT_INVALID', 'A run entry is not in the expected form', {
      details: { file, expected: 'bluewaters.run.v1', ...(field === undefined ? {} : { field }) },
      cause: error,
    });
  }
}

/** Replaces the entry in one step. @returns Its path. */
export async function writeRunEntry(directory: string, entry: RunEntry): Promise<string> {
  const path = join(directory, FILE);
  await writeWhole(path, `${JSON.stringify(entry, null, 2)}\n`);
  return path;
}

/** Options that may differ when a run is started again; every other one makes it another run. */
const CHANGEABLE = new Set<keyof TrainRequest>([
  'epochs',
  'checkpointEverySteps',
  'keepCheckpoints',
  'export',
  'evaluateEvery',
  'earlyStop',
  'views',
  'trace',
  'mlperfLog',
]);

/** Refuses to go on with a run under other options. @throws {CodedError} CONFIG_INVALID that names the option. */
export function assertSameRun(entry: RunEntry, request: TrainRequest): void {
  for (const option of Object.keys(TrainRequest.shape) as (keyof TrainRequest)[]) {
    if (CHANGEABLE.has(option) || isSame(entry.request[option], request[option])) continue;
    throw new CodedError('CONFIG_INVALID', `The run ${request.run} was started with other options; name another run`, {
      details: { field: option, expected: textOf(entry.request[option]), got: textOf(request[option]) },
    });
  }
}

function textOf(value: TrainRequest[keyof TrainRequest]): string {
  const inList = (each: unknown): string => (typeof each === 'string' ? each : JSON.stringify(each));
  if (Array.isArray(value)) return value.map(inList).join();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function isSame(one: TrainRequest[keyof TrainRequest], other: typeof one): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The run as the bus tells it. */
export function runRecord(entry: RunEntry): RunRecord {
  const { request, state, step, epoch, checkpointStep, evaluation } = entry;
  const best = bestOf(entry.evaluations);
  return {
    run: request.run,
    model: request.model,
    network: request.network,
    dataset: request.dataset,
    state,
    step,
    epoch,
    ...(checkpointStep === undefined ? {} : { checkpointStep }),
    ...(evaluation ? { evaluation } : {}),
    ...(best ? { best } : {}),
  };
}

/** What came of a run; undefined unless it is done, and that is what the request asks for. */
export function resultOf(entry: RunEntry, request: TrainRequest): TrainResult | undefined {
  const { state, step, epoch, version, evaluations } = entry;
  const hasEnded = epoch >= request.epochs || hasStalled(evaluations, request.earlyStop);
  if (state !== 'done' || !hasEnded || entry.request.export !== request.export) return undefined;
  const best = bestOf(evaluations);
  const evaluation = request.export === 'best' ? best?.evaluation : entry.evaluation;
  if (version === undefined || evaluation === undefined) return undefined;
  return {
    run: request.run,
    model: request.model,
    version,
    steps: step,
    epochs: epoch,
    evaluation,
    exported: request.export,
    ...(best && { best }),
    stoppedEarly: epoch < request.epochs,
    checkpointPrefix: runKeys.checkpoints(request.run),
  };
}

/** What the options are that a request need not give. */
const DEFAULTS: ReadonlyMap<string, unknown> = new Map(
  Object.entries(TrainRequest.shape).map(([option, schema]) => [option, schema.safeParse(undefined).data]),
);

/**
 * Tells two requests for the same weights apart: a digest of what decides them. An option at its default is left out, so
 * that one which comes later does not make other weights of those that were trained before.
 */
export function requestDigest(request: TrainRequest): string {
  const deciding = (Object.keys(TrainRequest.shape) as (keyof TrainRequest)[])
    .filter((option) => !CHANGEABLE.has(option) && !isSame(request[option], DEFAULTS.get(option) as undefined))
    .map((option) => [option, request[option]] as const);
  return createHash('sha256')
    .update(JSON.stringify(deciding.sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest('hex');
}
