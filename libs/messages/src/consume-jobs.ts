import { CodedError, toCodedError } from '@bluewaters/errors';
import { z } from 'zod';
import { check, encode } from './codec.js';
import { JobReporter } from './job-reporter.js';
import { jobRequest, Jobs, type JobEnvelope, type JobRecord, type Progress } from './jobs.js';
import type { WorkDefinition } from './definitions.js';
import type { Delivery, MessageBus, Subscription } from './message-bus.js';

/** What a job's handler gets beside the request. */
export interface JobContext {
  readonly job: string;
  /** Who asks, as they say; undefined where they do not. */
  readonly person: string | undefined;
  /** 1 for the first delivery; more after a crash, a stop, or a failure that may pass. */
  readonly attempt: number;
  /** Aborted when the service stops: end soon with INTERRUPTED, the job comes again. */
  readonly signal: AbortSignal;
  /** Tells how far the work has come; call it as often as you like. */
  report(progress: Progress): void;
}

/** Failures that may pass are tried again until this delivery; stops from outside don't count. */
const MAX_ATTEMPTS = 5;
/** Records older than this were left by a worker that is gone: living ones renew them several times in between. */
const SIGN_OF_LIFE_MS = 30_000;

/**
 * Does long work: takes jobs from their queue, one at a time, and keeps their records in the table of jobs.
 *
 * @param handler Its result, checked against the schema, ends the job; so does an error that is not retryable, and
 * the fifth that is. A job that is done is not done again when it is delivered twice. One whose request is not as the
 * schema wants it, such as one of a newer version, fails as MESSAGE_INVALID, so that who asked does not wait for ever.
 */
export async function consumeJobs<Request, Result>(
  bus: MessageBus,
  work: WorkDefinition<JobEnvelope<Request>, Result>,
  handler: (request: Request, context: JobContext) => Promise<Result>,
): Promise<Subscription> {
  const jobs = await bus.state(Jobs);
  const taken = { ...work, request: jobRequest(z.unknown()) };
  return bus.work(taken, async (envelope, delivery) => {
    const { job, person } = envelope;
    const { attempt, signal } = delivery;
    if (isSettled((await jobs.get(job))?.value, attempt)) return;
    const reporter = new JobReporter(jobs, { job, work: work.subject, attempt });
    const context = { job, person, attempt, signal, report: (progress: Progress) => reporter.report(progress) };
    try {
      const { request } = check(work.request, envelope, work.subject);
      const result = encode(work.result, await handler(request, context), work.subject);
      await reporter.finish({ state: 'done', result: JSON.parse(result) }, signal);
    } catch (error) {
      await fail(reporter, toCodedError(error), delivery);
    }
  });
}

/** True for a job that is done, given up, or just now in the hands of another worker because it was sent twice. */
function isSettled(record: JobRecord | undefined, attempt: number): boolean {
  if (record?.state === 'done' || record?.state === 'failed') return true;
  return record?.state === 'running' && attempt === 1 && Date.now() - record.updatedAt < SIGN_OF_LIFE_MS;
}

/** Ends a job, or gives it back to the queue by throwing. */
async function fail(reporter: JobReporter, error: CodedError, { attempt, signal }: Delivery): Promise<void> {
  const comesAgain = signal.aborted || (error.retryable && attempt < MAX_ATTEMPTS);
  if (!comesAgain) {
    await reporter.finish({ state: 'failed', error: error.toJSON() }, signal);
    return;
  }
  await reporter.finish({ state: 'queued', error: error.toJSON() }, signal).catch(() => {});
  throw error.retryable ? error : new CodedError('INTERRUPTED', 'The service was stopped', { cause: error });
}
