import {
  CodedError,
  ERROR_CODES,
  deserializeError,
  toCodedError,
  type ErrorCode,
  type ErrorDetails,
} from '@bluewaters/errors';
import { decode } from './codec.js';
import { followJob } from './follow-job.js';
import { Jobs, type JobEnvelope, type JobRecord } from './jobs.js';
import { Latest } from './latest.js';
import type { WorkDefinition } from './definitions.js';
import type { MessageBus, StateTable } from './message-bus.js';

/** How a job is submitted and followed. */
export interface SubmitOptions {
  /** The job's id, a key of the table of jobs. The same id again follows the job that is there. */
  readonly job: string;
  /** Who asks, where it is known: a name as grants have it. */
  readonly person?: string | undefined;
  /**
   * Told each state of the job that is seen; states in quick succession may be left out. While nobody has taken the
   * job it is told the same record again about every 10 s, so that the caller can say that no service is there.
   */
  readonly onRecord?: (record: JobRecord) => void;
  /** Ends the waiting with INTERRUPTED; the job itself goes on. */
  readonly signal?: AbortSignal;
  /** How long a job's record may be gone, or say `running` unchanged, before the job is submitted again; 45,000. */
  readonly resubmitAfterMs?: number;
}

const DEFAULT_RESUBMIT_AFTER_MS = 45_000;
const TOLD_AGAIN_AFTER_MS = 10_000;

/**
 * Puts long work in its queue, follows it, and answers with its result. The work is submitted again when the bus has
 * lost what it knew of the job; a repeat is harmless to the services.
 * @throws {CodedError} what the service failed with; INTERRUPTED on `signal`; BUS_UNAVAILABLE when the bus does not
 * take the job.
 */
export async function submitJob<Request, Result>(
  bus: MessageBus,
  work: WorkDefinition<JobEnvelope<Request>, Result>,
  request: Request,
  options: SubmitOptions,
): Promise<Result> {
  const { job, signal, person } = options;
  const jobs = await bus.state(Jobs);
  const enqueue = (): Promise<void> => bus.submit(work, { job, request, ...(person !== undefined && { person }) });
  const submit = async () => {
    await jobs.put(job, { job, work: work.subject, state: 'queued', attempt: 0, updatedAt: Date.now() });
    await enqueue();
  };
  if (signal?.aborted) throw interrupted(job);
  await joinOrSubmit(jobs, job, submit, enqueue);
  const records = new Latest<JobRecord | undefined>();
  const following = await followJob(bus, job, records);
  const look = async (): Promise<JobRecord | undefined> => (await jobs.get(job))?.value;
  try {
    const done = await follow(records, { submit, look }, options);
    return decode(work.result, JSON.stringify(done.result), work.subject);
  } finally {
    await following.stop();
  }
}

/** A job that someone has already submitted is followed; a failed one is tried again. */
async function joinOrSubmit(
  jobs: StateTable<JobRecord>,
  job: string,
  submit: () => Promise<void>,
  enqueue: () => Promise<void>,
): Promise<void> {
  const state = (await jobs.get(job))?.value.state;
  if (state === undefined || state === 'failed') await submit();
  // The one who put the record may have died before it put the work in the queue; twice in the queue is harmless.
  else if (state === 'queued') await enqueue();
}

/** What following a job may take beside its records. */
interface JobDoors {
  readonly submit: () => Promise<void>;
  /** The record as it is now. */
  readonly look: () => Promise<JobRecord | undefined>;
}

/** Waits for the record of a job that is done. */
async function follow(
  records: Latest<JobRecord | undefined>,
  { submit, look }: JobDoors,
  { job, onRecord, signal, resubmitAfterMs = DEFAULT_RESUBMIT_AFTER_MS }: SubmitOptions,
): Promise<JobRecord> {
  let record: JobRecord | undefined;
  while (record?.state !== 'done') {
    const next = await records.next(record?.state === 'queued' ? TOLD_AGAIN_AFTER_MS : resubmitAfterMs, signal);
    if (signal?.aborted) throw interrupted(job);
    if (next) record = await asItIs(next.value, look);
    else if (record?.state !== 'queued') await unlessRetryable(submit);
    if (record) onRecord?.(record);
    if (record?.state === 'failed') throw errorOf(record);
  }
  return record;
}

/** A record that ends a job may be from before the job was submitted again. */
async function asItIs(record: JobRecord | undefined, look: JobDoors['look']): Promise<JobRecord | undefined> {
  const ends = record?.state === 'done' || record?.state === 'failed';
  return (ends ? await unlessRetryable(look) : undefined) ?? record;
}

/** A bus that cannot be reached just now is tried again when the next wait is over. */
async function unlessRetryable<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (!toCodedError(error).retryable) throw error;
    return undefined;
  }
}

function errorOf({ job, error }: JobRecord): CodedError {
  const isKnown = error !== undefined && error.code in ERROR_CODES;
  if (!isKnown) return new CodedError('INTERNAL', `Job ${job} failed: ${error?.message ?? 'no reason was given'}`);
  const { message } = error;
  return deserializeError({ code: error.code as ErrorCode, message, details: (error.details ?? {}) as ErrorDetails });
}

function interrupted(job: string): CodedError {
  return new CodedError('INTERRUPTED', `Waiting for job ${job} was stopped`);
}
