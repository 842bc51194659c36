import { CodedError, toCodedError } from '@bluewaters/errors';
import { z } from 'zod';
import { CheckedBus } from '../checked-bus.js';
import { busClosed, warnOfFault, type FaultListener } from '../faults.js';
import { send, type Channel } from './channel.js';
import { Entry, FromParent, PROTOCOL, badly, isBusMessage, valueOf } from './protocol.js';
import type { Call, FromChild, Outcome } from './protocol.js';
import type { Delivery, Subscription } from '../message-bus.js';
import type { Transport, TransportTable } from '../transport.js';

/**
 * The bus of a child process: whatever bus its parent has, reached over Node's parent-child channel. The parent calls
 * `serveChild`. When the parent is gone, work is told to stop and every call fails with BUS_UNAVAILABLE.
 */
export class ParentBus extends CheckedBus {
  /**
   * @param channel To the parent; that of this process unless it is given.
   * @throws {CodedError} BUS_UNAVAILABLE in a process that was started without such a channel.
   */
  constructor(onFault: FaultListener = warnOfFault, channel: Channel = process) {
    super(new ParentTransport(onFault, channel), onFault);
  }
}

type Handler = (body: string, delivery: Delivery) => Promise<unknown>;
type Watcher = (key: string, body: string | undefined) => void;

interface Pending {
  readonly resolve: (outcome: Outcome) => void;
}

class ParentTransport implements Transport {
  readonly description = 'parent process';
  readonly #onFault: FaultListener;
  readonly #channel: Channel;
  readonly #pending = new Map<number, Pending>();
  readonly #handlers = new Map<number, Handler>();
  readonly #watchers = new Map<number, Watcher>();
  readonly #deliveries = new Map<number, AbortController>();
  readonly #onMessage = (message: unknown) => this.#receive(message);
  readonly #onDisconnect = () => this.#abandon();
  #lastId = 0;
  #closed = false;

  constructor(onFault: FaultListener, channel: Channel) {
    this.#onFault = onFault;
    this.#channel = channel;
    if (!channel.connected) throw parentGone();
    channel.on('message', this.#onMessage).on('disconnect', this.#onDisconnect);
  }

  async request(subject: string, body: string, timeoutMs: number): Promise<string> {
    return z.string().parse(await this.#call({ method: 'request', subject, body, timeoutMs }));
  }

  serve(subject: string, handler: (body: string) => Promise<string>): Promise<Subscription> {
    return this.#handle({ method: 'serve', subject }, handler);
  }

  async publish(subject: string, body: string): Promise<void> {
    await this.#call({ method: 'publish', subject, body });
  }

  subscribe(
    subject: string,
    handler: (body: string) => Promise<void>,
    durable: string | undefined,
  ): Promise<Subscription> {
    return this.#handle({ method: 'subscribe', subject, ...(durable !== undefined && { durable }) }, handler);
  }

  async submit(subject: string, body: string): Promise<void> {
    await this.#call({ method: 'submit', subject, body });
  }

  work(subject: string, handler: (body: string, delivery: Delivery) => Promise<void>): Promise<Subscription> {
    return this.#handle({ method: 'work', subject }, handler);
  }

  async table(bucket: string): Promise<TransportTable> {
    await this.#call({ method: 'table', bucket });
    return {
      get: async (key) => Entry.optional().parse(await this.#call({ method: 'get', bucket, key })),
      put: async (key, body) => z.number().parse(await this.#call({ method: 'put', bucket, key, body })),
      update: async (key, body, revision) =>
        z.number().parse(await this.#call({ method: 'update', bucket, key, body, revision })),
      delete: async (key) => {
        await this.#call({ method: 'delete', bucket, key });
      },
      list: async (prefix) => z.array(Entry).parse(await this.#call({ method: 'list', bucket, prefix })),
      watch: (prefix, watcher) => this.#open({ method: 'watch', bucket, prefix }, this.#watchers, watcher),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#channel.off('message', this.#onMessage).off('disconnect', this.#onDisconnect);
    this.#abandon();
  }

  #handle(call: Call, handler: Handler): Promise<Subscription> {
    return this.#open(call, this.#handlers, handler);
  }

  /** Registers who listens before the parent can deliver, then asks the parent. */
  async #open<Listener>(call: Call, listeners: Map<number, Listener>, listener: Listener): Promise<Subscription> {
    const subscription = this.#lastId + 1;
    listeners.set(subscription, listener);
    try {
      await this.#call(call);
    } catch (error) {
      listeners.delete(subscription);
      throw error;
    }
    return {
      stop: async () => {
        // Without a parent there is nothing to tell: it gave everything back when it lost us.
        if (this.#channel.connected) await this.#call({ method: 'stop', subscription });
        listeners.delete(subscription);
      },
    };
  }

  /** The id is taken in the same turn as the call. */
  async #call(call: Call): Promise<unknown> {
    if (this.#closed) throw busClosed();
    this.#lastId += 1;
    const id = this.#lastId;
    const outcome = await new Promise<Outcome>((resolve) => {
      this.#pending.set(id, { resolve });
      this.#send({ protocol: PROTOCOL, type: 'call', id, call });
    });
    return valueOf(outcome);
  }

  #send(message: FromChild): void {
    const sent = send(this.#channel, message, (error) => {
      if (error) this.#abandon();
    });
    if (!sent) this.#abandon();
  }

  #receive(raw: unknown): void {
    if (!isBusMessage(raw)) return;
    const parsed = FromParent.safeParse(raw);
    if (!parsed.success) {
      this.#onFault(toCodedError(parsed.error, 'MESSAGE_INVALID'), this.description);
      return;
    }
    const message = parsed.data;
    switch (message.type) {
      case 'answer':
        this.#pending.get(message.id)?.resolve(message.outcome);
        this.#pending.delete(message.id);
        return;
      case 'deliver':
        void this.#deliver(message);
        return;
      case 'abort':
        this.#deliveries.get(message.delivery)?.abort();
        return;
      case 'changed':
        this.#watchers.get(message.subscription)?.(message.key, message.body);
    }
  }

  async #deliver(message: Extract<FromParent, { type: 'deliver' }>): Promise<void> {
    const { delivery, subscription, body, attempt } = message;
    const aborting = new AbortController();
    this.#deliveries.set(delivery, aborting);
    const outcome = await this.#outcomeOf(() => {
      const handler = this.#handlers.get(subscription);
      if (!handler) throw new CodedError('INTERRUPTED', 'A subscription was stopped');
      return handler(body, { attempt, signal: aborting.signal });
    });
    this.#deliveries.delete(delivery);
    this.#send({ protocol: PROTOCOL, type: 'handled', delivery, outcome });
  }

  async #outcomeOf(run: () => Promise<unknown>): Promise<Outcome> {
    try {
      return { ended: 'well', value: await run() };
    } catch (error) {
      return badly(toCodedError(error));
    }
  }

  /** Ends everything that only the parent could have ended. */
  #abandon(): void {
    const outcome = badly(this.#closed ? busClosed() : parentGone());
    for (const { resolve } of this.#pending.values()) resolve(outcome);
    this.#pending.clear();
    this.#deliveries.forEach((aborting) => aborting.abort());
  }
}

function parentGone(): CodedError {
  return new CodedError('BUS_UNAVAILABLE', 'There is no parent process to reach the bus through');
}
