import type { z } from 'zod';
import { CodedError } from '@bluewaters/errors';

/** The most that one message may weigh, in bytes of JSON: messages carry keys and digests, never bulk bytes. */
export const MAX_MESSAGE_BYTES = 512 * 1024;

/**
 * Checks a value against its schema and writes it as JSON.
 * @throws {CodedError} MESSAGE_INVALID; BUS_REFUSED when it weighs more than {@link MAX_MESSAGE_BYTES}.
 */
export function encode<T>(schema: z.ZodType<T>, value: T, subject: string): string {
  const text = JSON.stringify(check(schema, value, subject)) as string | undefined;
  if (text === undefined) throw invalid(subject, { expected: 'a value that JSON can hold', got: typeof value });
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_MESSAGE_BYTES) {
    throw new CodedError('BUS_REFUSED', `A message of ${subject} is too large`, {
      details: { field: subject, expected: `at most ${MAX_MESSAGE_BYTES} bytes`, got: `${bytes} bytes` },
    });
  }
  return text;
}

/** Reads JSON and checks it against a schema. @throws {CodedError} MESSAGE_INVALID. */
export function decode<T>(schema: z.ZodType<T>, text: string, subject: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(subject, { expected: 'JSON', got: text.slice(0, 100) }, cause);
  }
  return check(schema, value, subject);
}

/** Checks a value that was JSON against a schema. @throws {CodedError} MESSAGE_INVALID. */
export function check<T>(schema: z.ZodType<T>, value: unknown, subject: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') || '(the whole)';
  throw invalid(subject, { field, ...(issue && { expected: issue.message }) }, parsed.error);
}

function invalid(
  subject: string,
  details: { field?: string; expected?: string; got?: string },
  cause?: unknown,
): CodedError {
  return new CodedError('MESSAGE_INVALID', `A message of ${subject} does not match its schema`, { details, cause });
}
