import { RetentionPolicy, StorageType, nanos, type StreamInfo } from 'nats';
import { toCodedError, type CodedError } from '@bluewaters/errors';
import { CheckedBus } from '../checked-bus.js';
import { warnOfFault, type FaultListener } from '../faults.js';
import { takeAcknowledged } from './acknowledged.js';
import { request, serve } from './commands.js';
import { connectLink, type NatsLogin } from './connect.js';
import { PullLoop } from './pull-loop.js';
import { Position, openReader } from './reader.js';
import { NatsTable } from './table.js';
import type { TrustedAuthority } from './trust.js';
import type { Link, StreamNeeds } from './link.js';
import type { Delivery, Subscription } from '../message-bus.js';
import type { Transport, TransportTable } from '../transport.js';

/** How a NATS server is reached. */
export interface NatsOptions {
  /** `nats://host:port` or `tls://host:port`, without credentials. */
  readonly url: string;
  readonly login?: NatsLogin;
  /** Who has to have signed for the server, with `tls://`; those that Node trusts. */
  readonly authority?: TrustedAuthority;
  /** Work comes again when nothing was heard of its worker for this long; 30,000. Workers tell three times as often. */
  readonly ackWaitMs?: number;
  readonly onFault?: FaultListener;
}

const DEFAULT_ACK_WAIT_MS = 30_000;
const DURABLE_MAX_ATTEMPTS = 5;
const KEEP_EVENTS_MS = 24 * 3_600_000;

const WORK: StreamNeeds = {
  name: 'bluewaters-work',
  subjects: ['bw.work.>'],
  retention: RetentionPolicy.Workqueue,
  storage: StorageType.File,
};

const EVENTS: StreamNeeds = {
  name: 'bluewaters-events',
  subjects: ['bw.event.>'],
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  max_age: nanos(KEEP_EVENTS_MS),
};

/**
 * A bus over a NATS server with JetStream. Connections mend themselves for ever, and what the server lost of streams,
 * queues and tables is made again, empty. Events are kept a day for subscribers with a `durable` name.
 */
export class NatsBus extends CheckedBus {
  private constructor(transport: Transport, onFault: FaultListener) {
    super(transport, onFault);
  }

  /**
   * Connects; tries for some seconds when the server does not answer.
   * @throws {CodedError} BUS_UNAVAILABLE, BUS_REFUSED, BUS_UNTRUSTED or CONFIG_INVALID.
   */
  static async open({ url, login = {}, authority, ackWaitMs, onFault = warnOfFault }: NatsOptions): Promise<NatsBus> {
    const link = await connectLink(url, login, authority);
    return new NatsBus(new NatsTransport(link, url, ackWaitMs ?? DEFAULT_ACK_WAIT_MS, onFault), onFault);
  }
}

class NatsTransport implements Transport {
  readonly description: string;
  readonly #link: Link;
  readonly #ackWaitMs: number;
  readonly #onFault: FaultListener;

  constructor(link: Link, url: string, ackWaitMs: number, onFault: FaultListener) {
    const { protocol, host } = new URL(url);
    this.description = `${protocol}//${host}`;
    this.#link = link;
    this.#ackWaitMs = ackWaitMs;
    this.#onFault = onFault;
  }

  request(subject: string, body: string, timeoutMs: number): Promise<string> {
    return request(this.#link, subject, body, timeoutMs);
  }

  serve(subject: string, handler: (body: string) => Promise<string>): Promise<Subscription> {
    return serve(this.#link, subject, handler);
  }

  publish(subject: string, body: string): Promise<void> {
    return this.#link.publish(`bw.event.${subject}`, body, EVENTS);
  }

  subscribe(
    subject: string,
    handler: (body: string) => Promise<void>,
    durable: string | undefined,
  ): Promise<Subscription> {
    return durable === undefined ? this.#hear(subject, handler) : this.#hearAll(subject, handler, durable);
  }

  submit(subject: string, body: string): Promise<void> {
    return this.#link.publish(`bw.work.${subject}`, body, WORK);
  }

  work(subject: string, handler: (body: string, delivery: Delivery) => Promise<void>): Promise<Subscription> {
    const options = {
      stream: WORK,
      subject: `bw.work.${subject}`,
      name: subject.replaceAll('.', '-'),
      ackWaitMs: this.#ackWaitMs,
      inOrder: false,
      maxAttempts: Infinity,
      startAt: () => 1,
      onGivenUp: (error: CodedError) => this.#onFault(error, subject),
    };
    return takeAcknowledged(this.#link, options, handler);
  }

  table(bucket: string): Promise<TransportTable> {
    return NatsTable.open(this.#link, bucket);
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #hear(subject: string, handler: (body: string) => Promise<void>): Promise<Subscription> {
    const position = new Position();
    return PullLoop.start(this.#link, {
      doing: `listening to ${subject}`,
      open: async () => {
        const first = position.in(await this.#link.ensure(EVENTS));
        return (await openReader(this.#link, EVENTS.name, `bw.event.${subject}`, first)).consumer;
      },
      ask: (consumer) => consumer.consume({ max_messages: 100, abort_on_missing_resource: true }),
      handle: async (message) => {
        position.passed(message.seq);
        await handler(message.string()).catch((error: unknown) => this.#onFault(toCodedError(error), subject));
      },
      giveBack: () => {},
    });
  }

  #hearAll(subject: string, handler: (body: string) => Promise<void>, durable: string): Promise<Subscription> {
    const position = new Position();
    const options = {
      stream: EVENTS,
      subject: `bw.event.${subject}`,
      name: `${subject.replaceAll('.', '-')}-${durable}`,
      ackWaitMs: this.#ackWaitMs,
      inOrder: true,
      maxAttempts: DURABLE_MAX_ATTEMPTS,
      startAt: (stream: StreamInfo) => position.in(stream),
      onGivenUp: (error: CodedError) => this.#onFault(error, subject),
    };
    return takeAcknowledged(this.#link, options, handler);
  }
}
