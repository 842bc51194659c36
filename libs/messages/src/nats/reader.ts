import { AckPolicy, DeliverPolicy, nanos, type Consumer, type StreamInfo } from 'nats';
import type { Link } from './link.js';

/** How long the server remembers a reader that is silent. */
const FORGET_AFTER_MS = 60_000;

/** A consumer that reads a stream in order without taking anything from it. */
export interface Reader {
  readonly consumer: Consumer;
  /** Messages that were there when it was made. */
  readonly pending: number;
}

/**
 * Makes a reader, which the server forgets by itself.
 * @param from The number of the first message, or the newest message of each subject and what comes after.
 */
export async function openReader(
  link: Link,
  stream: string,
  subject: string,
  from: number | 'newest of each subject',
): Promise<Reader> {
  const { name, num_pending } = await link.streams.consumers.add(stream, {
    ack_policy: AckPolicy.None,
    mem_storage: true,
    inactive_threshold: nanos(FORGET_AFTER_MS),
    filter_subject: subject,
    ...(typeof from === 'number'
      ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from }
      : { deliver_policy: DeliverPolicy.LastPerSubject }),
  });
  return { consumer: await link.jetStream.consumers.get(stream, name), pending: num_pending };
}

/** Where a subscriber stands in a stream that the server may lose and make anew. */
export class Position {
  #created: string | undefined;
  #next = 1;

  /** The first message to read now: what comes after the subscriber's start, and after all that it has read. */
  in(stream: StreamInfo): number {
    if (this.#created === undefined) this.#next = stream.state.last_seq + 1;
    // All that is in another stream of the same name was sent after the subscriber's start.
    else if (this.#created !== stream.created) this.#next = 1;
    this.#created = stream.created;
    return this.#next;
  }

  /** Counts a message as read. */
  passed(sequence: number): void {
    this.#next = sequence + 1;
  }
}
