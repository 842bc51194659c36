import { z } from 'zod';
import { defineState } from './definitions.js';

/** How far a piece of work has come. */
export const Progress = z.strictObject({
  /** What is being done now, for people: `indexing n13742358`. */
  phase: z.string().max(200),
  /** 0 to `total`, in `unit`. */
  done: z.number().nonnegative(),
  /** In `unit`; absent while it is not known. */
  total: z.number().nonnegative().optional(),
  /** Plural: `images`, `records`, `steps`. */
  unit: z.string().max(40),
  /** In `unit` a second, over the last seconds. */
  ratePerSecond: z.number().nonnegative().optional(),
  /** Other live figures, such as `loss`. */
  figures: z.record(z.string(), z.number()).optional(),
  /** What the user should know and that stays true, such as a checkpoint that had to be passed over; all so far. */
  notices: z.array(z.string().max(500)).max(20).optional(),
});

/** See {@link Progress:variable}. */
export type Progress = z.infer<typeof Progress>;

/** What is known of a job. Written by the service that does the work; `queued` by whoever submitted it. */
export const JobRecord = z.strictObject({
  job: z.string(),
  /** The subject of the work, such as `shards.v1.build`. */
  work: z.string(),
  state: z.enum(['queued', 'running', 'done', 'failed']),
  /** Deliveries so far: 1, or more after a crash. */
  attempt: z.int().nonnegative(),
  progress: Progress.optional(),
  /** The work's result, in its own schema, once `done`. */
  result: z.unknown().optional(),
  error: z.strictObject({ code: z.string(), message: z.string(), details: z.unknown().optional() }).optional(),
  /** Milliseconds since 1970. */
  updatedAt: z.number(),
});

/** See {@link JobRecord:variable}. */
export type JobRecord = z.infer<typeof JobRecord>;

/** Jobs by id. */
export const Jobs = defineState('jobs', JobRecord);

/** What every work request is sent in. */
export interface JobEnvelope<Request> {
  /** The id of the job. */
  job: string;
  request: Request;
  /**
   * Who asks, for datasets with terms of access. The bus does not prove it: who may publish work may say any name. What
   * the store lends to whom does not depend on it.
   */
  person?: string | undefined;
}

/** The envelope of a kind of request. */
export function jobRequest<T extends z.ZodType>(request: T): z.ZodType<JobEnvelope<z.infer<T>>> {
  const envelope = { job: z.string().min(1).max(120), request, person: z.string().min(1).max(64).optional() };
  return z.strictObject(envelope) as unknown as z.ZodType<JobEnvelope<z.infer<T>>>;
}
