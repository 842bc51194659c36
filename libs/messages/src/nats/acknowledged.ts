import { AckPolicy, DeliverPolicy, nanos, type Consumer, type ConsumerConfig, type JsMsg, type StreamInfo } from 'nats';
import { toCodedError, type CodedError } from '@bluewaters/errors';
import { retryDelayMs } from '../faults.js';
import { PullLoop } from './pull-loop.js';
import type { Link, StreamNeeds } from './link.js';
import type { Delivery, Subscription } from '../message-bus.js';

/** How messages are taken that are kept until a handler has finished them. */
export interface AcknowledgedOptions {
  readonly stream: StreamNeeds;
  readonly subject: string;
  /** Those who take under the same name share the messages. */
  readonly name: string;
  /** A message comes again when nothing was heard of its handler for this long. */
  readonly ackWaitMs: number;
  /** One message at a time among all who share the name, a failed one before all that came after it. */
  readonly inOrder: boolean;
  /** Deliveries of one message; after the last failure it is given up. */
  readonly maxAttempts: number;
  /** The first message of the stream to take, where the consumer has to be made. */
  readonly startAt: (stream: StreamInfo) => number;
  readonly onGivenUp: (error: CodedError) => void;
}

const ASK_MS = 10_000;

/** Takes messages one by one; each is kept by the server until `handler` has resolved. */
export function takeAcknowledged(
  link: Link,
  options: AcknowledgedOptions,
  handler: (body: string, delivery: Delivery) => Promise<void>,
): Promise<Subscription> {
  return PullLoop.start(link, {
    doing: `taking from ${options.subject}`,
    open: () => openAcknowledged(link, options),
    ask: (consumer) => consumer.fetch({ max_messages: 1, expires: ASK_MS }),
    handle: (message, signal) => handle(message, signal, options, handler),
    giveBack: (message) => message.nak(),
  });
}

/** The consumer of those who take under a name, made or changed where it is not there or as it should be. */
export async function openAcknowledged(link: Link, options: AcknowledgedOptions): Promise<Consumer> {
  const { stream, subject, name, ackWaitMs, inOrder } = options;
  const opt_start_seq = options.startAt(await link.ensure(stream));
  const known = await link.streams.consumers.info(stream.name, name).catch(() => undefined);
  const config: Partial<ConsumerConfig> & { durable_name: string } = {
    durable_name: name,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ackWaitMs),
    filter_subject: subject,
    ...(inOrder && { max_ack_pending: 1 }),
  };
  if (!known) {
    await link.streams.consumers.add(stream.name, {
      ...config,
      ...(opt_start_seq > 1 ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq } : {}),
    });
  } else if (known.config.ack_wait !== config.ack_wait) {
    await link.streams.consumers.update(stream.name, name, config);
  }
  return link.jetStream.consumers.get(stream.name, name);
}

async function handle(
  message: JsMsg,
  signal: AbortSignal,
  options: AcknowledgedOptions,
  handler: (body: string, delivery: Delivery) => Promise<void>,
): Promise<void> {
  const attempt = message.info.deliveryCount;
  // Three signs of life in each wait: one may be lost.
  const alive = setInterval(() => message.working(), options.ackWaitMs / 3);
  try {
    await handler(message.string(), { attempt, signal });
    // Not waited for: what is not acknowledged comes again, and a repeat is harmless.
    message.ack();
  } catch (error) {
    const coded = toCodedError(error);
    if (coded.retryable && (signal.aborted || attempt < options.maxAttempts)) {
      message.nak(signal.aborted ? undefined : retryDelayMs(attempt));
    } else {
      message.term(coded.code);
      options.onGivenUp(coded);
    }
  } finally {
    clearInterval(alive);
  }
}
