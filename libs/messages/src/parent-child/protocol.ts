import { z } from 'zod';
import {
  ERROR_CODES,
  deserializeError,
  type CodedError,
  type ErrorCode,
  type SerializedError,
} from '@bluewaters/errors';

/**
 * What a child process and its parent say to each other over Node's parent-child channel. The child calls, the parent
 * answers each call once; the parent delivers, the child says once how each delivery ended. Other messages on the
 * channel are left alone. The number grows when a meaning changes.
 */
export const PROTOCOL = 'bluewaters-bus-1';

const protocol = z.literal(PROTOCOL);
const id = z.int().nonnegative();
const code = z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]);
const text = z.string();

const Details = z.object({
  file: text.optional(),
  offset: z.number().optional(),
  field: text.optional(),
  expected: text.optional(),
  got: text.optional(),
});

/** How a call or a delivery ended. */
export const Outcome = z.discriminatedUnion('ended', [
  z.object({ ended: z.literal('well'), value: z.unknown().optional() }),
  z.object({ ended: z.literal('badly'), error: z.object({ code, message: text, details: Details.optional() }) }),
]);
/** See {@link Outcome:variable}. */
export type Outcome = z.infer<typeof Outcome>;

/** One call of a method of the bus. A subscription is named by the id of the call that made it. */
export const Call = z.discriminatedUnion('method', [
  z.object({ method: z.literal('request'), subject: text, body: text, timeoutMs: z.number() }),
  z.object({ method: z.literal('publish'), subject: text, body: text }),
  z.object({ method: z.literal('submit'), subject: text, body: text }),
  z.object({ method: z.literal('serve'), subject: text }),
  z.object({ method: z.literal('subscribe'), subject: text, durable: text.optional() }),
  z.object({ method: z.literal('work'), subject: text }),
  z.object({ method: z.literal('table'), bucket: text }),
  z.object({ method: z.literal('get'), bucket: text, key: text }),
  z.object({ method: z.literal('put'), bucket: text, key: text, body: text }),
  z.object({ method: z.literal('update'), bucket: text, key: text, body: text, revision: z.number() }),
  z.object({ method: z.literal('delete'), bucket: text, key: text }),
  z.object({ method: z.literal('list'), bucket: text, prefix: text }),
  z.object({ method: z.literal('watch'), bucket: text, prefix: text }),
  z.object({ method: z.literal('stop'), subscription: id }),
]);
/** See {@link Call:variable}. */
export type Call = z.infer<typeof Call>;

/** What a child says. */
export const FromChild = z.discriminatedUnion('type', [
  z.object({ protocol, type: z.literal('call'), id, call: Call }),
  z.object({ protocol, type: z.literal('handled'), delivery: id, outcome: Outcome }),
]);
/** See {@link FromChild:variable}. */
export type FromChild = z.infer<typeof FromChild>;

/** What a parent says. */
export const FromParent = z.discriminatedUnion('type', [
  z.object({ protocol, type: z.literal('answer'), id, outcome: Outcome }),
  z.object({ protocol, type: z.literal('deliver'), delivery: id, subscription: id, body: text, attempt: z.number() }),
  z.object({ protocol, type: z.literal('abort'), delivery: id }),
  z.object({ protocol, type: z.literal('changed'), subscription: id, key: text, body: text.optional() }),
]);
/** See {@link FromParent:variable}. */
export type FromParent = z.infer<typeof FromParent>;

/** An entry of a table as it crosses the channel. */
export const Entry = z.object({ key: text, body: text, revision: z.number() });

/** True for a message of this protocol in any version; others belong to someone else. */
export function isBusMessage(message: unknown): boolean {
  if (typeof message !== 'object' || message === null || !('protocol' in message)) return false;
  return typeof message.protocol === 'string' && message.protocol.startsWith('bluewaters-bus-');
}

/** The outcome that tells an error. */
export function badly(error: CodedError): Outcome {
  return { ended: 'badly', error: error.toJSON() };
}

/** What an outcome holds. @throws {CodedError} the one that it tells. */
export function valueOf(outcome: Outcome): unknown {
  if (outcome.ended === 'well') return outcome.value;
  throw deserializeError(outcome.error as SerializedError);
}
