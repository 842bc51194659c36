import { headers, type Msg } from 'nats';
import { setTimeout as sleep } from 'node:timers/promises';
import { deserializeError, toCodedError, type SerializedError } from '@bluewaters/errors';
import { noResponders, timedOut } from '../faults.js';
import { isNoResponders, isTimeout, natsError } from './errors.js';
import type { Link } from './link.js';
import type { Subscription } from '../message-bus.js';

/** Marks a reply that tells an error. */
const ERROR_HEADER = 'Bluewaters-Error';
/** Those who serve a command share its requests. */
const QUEUE = 'bluewaters';
const DRAIN_MS = 2_000;
const PREFIX = 'bw.command.';

/** Asks whoever serves a subject. @throws {CodedError} NO_RESPONDERS, TIMED_OUT, or what the reply tells. */
export async function request(link: Link, subject: string, body: string, timeoutMs: number): Promise<string> {
  const reply = await link.connection
    .request(PREFIX + subject, body, { timeout: timeoutMs })
    .catch((error: unknown) => {
      if (isNoResponders(error)) throw noResponders(subject);
      throw isTimeout(error) ? timedOut(subject, timeoutMs) : natsError(error, `asking ${subject}`);
    });
  if (!reply.headers?.has(ERROR_HEADER)) return reply.string();
  throw deserializeError(reply.json<SerializedError>());
}

/** Answers the requests of a subject. Resolves when the server knows of it. @throws {CodedError} BUS_REFUSED. */
export async function serve(
  link: Link,
  subject: string,
  handler: (body: string) => Promise<string>,
): Promise<Subscription> {
  const { connection } = link;
  const running = new Set<Promise<void>>();
  let refusal: Error | undefined;
  const subscription = connection.subscribe(PREFIX + subject, {
    queue: QUEUE,
    callback: (error, message) => {
      if (error) {
        refusal = error;
        return;
      }
      const answering = answer(message, handler).finally(() => running.delete(answering));
      running.add(answering);
    },
  });
  // What the server says of the subscription comes before its answer to this.
  await connection.flush();
  if (refusal) throw natsError(refusal, `serving ${subject}`);
  return {
    stop: async () => {
      // A server that is gone does not say when it has sent its last.
      await Promise.race([subscription.drain(), sleep(DRAIN_MS, undefined, { ref: false })]).catch(() => {});
      await Promise.all(running);
    },
  };
}

async function answer(message: Msg, handler: (body: string) => Promise<string>): Promise<void> {
  try {
    message.respond(await handler(message.string()));
  } catch (error) {
    const marks = headers();
    marks.set(ERROR_HEADER, '1');
    message.respond(JSON.stringify(toCodedError(error)), { headers: marks });
  }
}
