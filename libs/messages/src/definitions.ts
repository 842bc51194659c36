import type { z } from 'zod';

/**
 * The four kinds of message. Each definition is one value that holds the subject, the schema and so the type; subjects
 * are `<service>.v<version>.<name>`. Messages carry keys and digests, never bulk bytes.
 */

/** Something that happened; told to everyone who listens; may arrive twice. */
export interface EventDefinition<T> {
  readonly kind: 'event';
  readonly subject: string;
  readonly schema: z.ZodType<T>;
}

/** A question with one answer within seconds, from whichever instance of the service is free. */
export interface CommandDefinition<Request, Reply> {
  readonly kind: 'command';
  readonly subject: string;
  readonly request: z.ZodType<Request>;
  readonly reply: z.ZodType<Reply>;
}

/** Long work, kept in a queue until one worker has finished it; may be delivered again after a crash. */
export interface WorkDefinition<Request, Result> {
  readonly kind: 'work';
  readonly subject: string;
  readonly request: z.ZodType<Request>;
  readonly result: z.ZodType<Result>;
}

/** A table of current values by key; what it holds can always be rebuilt from the store. */
export interface StateDefinition<T> {
  readonly kind: 'state';
  /** Lower case letters, digits and `-`. */
  readonly bucket: string;
  readonly schema: z.ZodType<T>;
}

/** Defines an event. */
export function defineEvent<T>(subject: string, schema: z.ZodType<T>): EventDefinition<T> {
  return { kind: 'event', subject, schema };
}

/** Defines a command and its reply. */
export function defineCommand<Request, Reply>(
  subject: string,
  request: z.ZodType<Request>,
  reply: z.ZodType<Reply>,
): CommandDefinition<Request, Reply> {
  return { kind: 'command', subject, request, reply };
}

/** Defines work and its result. */
export function defineWork<Request, Result>(
  subject: string,
  request: z.ZodType<Request>,
  result: z.ZodType<Result>,
): WorkDefinition<Request, Result> {
  return { kind: 'work', subject, request, result };
}

/** Defines a table of state. */
export function defineState<T>(bucket: string, schema: z.ZodType<T>): StateDefinition<T> {
  return { kind: 'state', bucket, schema };
}
