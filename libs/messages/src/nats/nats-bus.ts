import { RetentionPolicy, StorageType, nanos, type StreamInfo } from 'nats';
import { toCodedError, type CodedError } from '@bluewaters/errors';
import { CheckedBus } from '../checked-bus.js';
import { warnOfFault, type FaultListener } from '../faults.js';
import { openAcknowledged, takeAcknowledged, type AcknowledgedOptions } from './acknowledged.js';
import { request, serve } from './commands.js';
import { connectLink, type NatsLogin } from './connect.js';
import { PullLoop } from './pull-loop.js';
import { Position, openReader } from './reader.js';
import { NatsTable } from './table.js';
import type { TrustedAuthority } from './trust.js';
import type { Link, StreamNeeds } from './link.js';
import type { StateDefinition, WorkDefinition } from '../definitions.js';
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

/** What the server keeps something of from before it is used. */
export type Prepared = StateDefinition<unknown> | WorkDefinition<unknown, unknown>;

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
  static async open(options: NatsOptions): Promise<NatsBus> {
    return new NatsBus(await NatsTransport.open(options), options.onFault ?? warnOfFault);
  }

  /**
   * Makes the streams, tables and queues that are not there, for those who may use them and not make them.
   * @throws {CodedError} As {@link open}.
   */
  static async prepare(options: NatsOptions, definitions: readonly Prepared[]): Promise<void> {
    const transport = await NatsTransport.open(options);
    try {
      await transport.prepare(definitions);
    } finally {
      await transport.close();
    }
  }
}

class NatsTransport implements Transport {
  readonly description: string;
  readonly #link: Link;
  readonly #ackWaitMs: number;
  readonly #onFault: FaultListener;

  private constructor(link: Link, { url, ackWaitMs, onFault }: NatsOptions) {
    const { protocol, host } = new URL(url);
    this.description = `${protocol}//${host}`;
    this.#link = link;
    this.#ackWaitMs = ackWaitMs ?? DEFAULT_ACK_WAIT_MS;
    this.#onFault = onFault ?? warnOfFault;
  }

  static async open(options: NatsOptions): Promise<NatsTransport> {
    return new NatsTransport(await connectLink(options.url, options.login ?? {}, options.authority), options);
  }

  async prepare(definitions: readonly Prepared[]): Promise<void> {
    await this.#link.ensure(EVENTS);
    for (const definition of definitions) {
      if (definition.kind === 'state') await this.table(definition.bucket);
      else await openAcknowledged(this.#link, this.#queue(definition.subject));
    }
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
    return takeAcknowledged(this.#link, this.#queue(subject), handler);
  }

  table(bucket: string): Promise<TransportTable> {
    return NatsTable.open(this.#link, bucket);
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #queue(subject: string): AcknowledgedOptions {
    return {
      stream: WORK,
      subject: `bw.work.${subject}`,
      name: subject.replaceAll('.', '-'),
      ackWaitMs: this.#ackWaitMs,
      inOrder: false,
      maxAttempts: Infinity,
      startAt: () => 1,
      onGivenUp: (error: CodedError) => this.#onFault(error, subject),
    };
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
