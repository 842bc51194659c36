import { CodedError, toCodedError } from '@bluewaters/errors';
import { z } from 'zod';
import { defineCommand, defineEvent, defineState, defineWork } from '../definitions.js';
import { warnOfFault, type FaultListener } from '../faults.js';
import { send, type Channel } from './channel.js';
import { FromChild, PROTOCOL, badly, isBusMessage, valueOf } from './protocol.js';
import type { Call, FromParent, Outcome } from './protocol.js';
import type { Delivery, MessageBus, StateEntry, StateTable, Subscription } from '../message-bus.js';

/**
 * Lets a child process use the parent's bus through its `ParentBus`, until the child exits or the answer is stopped:
 * then its subscriptions end, and work that it had not finished comes again.
 *
 * @param child A process that was started with an `ipc` channel; the caller owns it.
 */
export function serveChild(child: Channel, bus: MessageBus, onFault: FaultListener = warnOfFault): Subscription {
  const session = new ChildSession(child, bus, onFault);
  const receive = (message: unknown) => session.receive(message);
  const end = async () => {
    child.off('message', receive).off('disconnect', leave);
    await session.end();
  };
  const leave = () => {
    end().catch((error: unknown) => onFault(toCodedError(error), session.name));
  };
  child.on('message', receive).on('disconnect', leave);
  return { stop: end };
}

/** Bodies only pass through here: the child's bus and the one who receives them know their schemas. */
const anything = z.unknown();

class ChildSession {
  readonly name: string;
  readonly #child: Channel;
  readonly #bus: MessageBus;
  readonly #onFault: FaultListener;
  readonly #subscriptions = new Map<number, Promise<Subscription>>();
  readonly #tables = new Map<string, Promise<StateTable<unknown>>>();
  readonly #deliveries = new Map<number, (outcome: Outcome) => void>();
  #lastDelivery = 0;
  #ended = false;

  constructor(child: Channel, bus: MessageBus, onFault: FaultListener) {
    this.name = `child process ${child.pid ?? ''}`.trimEnd();
    this.#child = child;
    this.#bus = bus;
    this.#onFault = onFault;
  }

  receive(raw: unknown): void {
    if (!isBusMessage(raw)) return;
    const parsed = FromChild.safeParse(raw);
    if (!parsed.success) {
      this.#onFault(toCodedError(parsed.error, 'MESSAGE_INVALID'), this.name);
    } else if (parsed.data.type === 'call') {
      void this.#answer(parsed.data.id, parsed.data.call);
    } else {
      this.#deliveries.get(parsed.data.delivery)?.(parsed.data.outcome);
    }
  }

  async end(): Promise<void> {
    this.#ended = true;
    const died = badly(this.#died());
    // Stopping first makes the bus give unfinished work to others at once instead of after a pause.
    const stopped = [...this.#subscriptions.values()].map(async (subscription) => (await subscription).stop());
    await Promise.resolve();
    this.#deliveries.forEach((settle) => settle(died));
    await Promise.allSettled(stopped);
  }

  async #answer(id: number, call: Call): Promise<void> {
    let outcome: Outcome;
    try {
      outcome = { ended: 'well', value: await this.#perform(id, call) };
    } catch (error) {
      outcome = badly(toCodedError(error));
    }
    this.#send({ protocol: PROTOCOL, type: 'answer', id, outcome });
  }

  async #perform(id: number, call: Call): Promise<unknown> {
    switch (call.method) {
      case 'request': {
        const command = defineCommand(call.subject, anything, anything);
        const reply = await this.#bus.request(command, JSON.parse(call.body), { timeoutMs: call.timeoutMs });
        return JSON.stringify(reply);
      }
      case 'publish':
        return this.#bus.publish(defineEvent(call.subject, anything), JSON.parse(call.body));
      case 'submit':
        return this.#bus.submit(defineWork(call.subject, anything, anything), JSON.parse(call.body));
      case 'stop':
        return this.#stop(call.subscription);
      case 'serve':
      case 'subscribe':
      case 'work':
      case 'watch':
        return this.#open(id, call);
      default:
        return this.#useTable(call);
    }
  }

  async #open(id: number, call: Extract<Call, { method: 'serve' | 'subscribe' | 'work' | 'watch' }>): Promise<void> {
    if (this.#ended) return;
    const opening = this.#subscribe(id, call);
    this.#subscriptions.set(id, opening);
    await opening.catch((error: unknown) => {
      this.#subscriptions.delete(id);
      throw error;
    });
  }

  async #subscribe(
    id: number,
    call: Extract<Call, { method: 'serve' | 'subscribe' | 'work' | 'watch' }>,
  ): Promise<Subscription> {
    switch (call.method) {
      case 'serve':
        return this.#bus.serve(defineCommand(call.subject, anything, anything), async (request) => {
          const reply: unknown = JSON.parse(z.string().parse(await this.#deliver(id, request)));
          return reply;
        });
      case 'work':
        return this.#bus.work(defineWork(call.subject, anything, anything), async (request, delivery) => {
          await this.#deliver(id, request, delivery);
        });
      case 'subscribe': {
        const hear = async (payload: unknown) => {
          const told = this.#deliver(id, payload).then(() => undefined);
          // A listener that is gone misses nothing; one with a name hears it again when it is back.
          await (call.durable === undefined ? told.catch((error: unknown) => this.#unlessEnded(error)) : told);
        };
        const options = call.durable === undefined ? {} : { durable: call.durable };
        return this.#bus.subscribe(defineEvent(call.subject, anything), hear, options);
      }
      case 'watch': {
        const table = await this.#table(call.bucket);
        return table.watch(call.prefix, (key, value) => {
          const body = value === undefined ? {} : { body: JSON.stringify(value) };
          this.#send({ protocol: PROTOCOL, type: 'changed', subscription: id, key, ...body });
        });
      }
    }
  }

  async #useTable(call: Extract<Call, { bucket: string }>): Promise<unknown> {
    const table = await this.#table(call.bucket);
    switch (call.method) {
      case 'get': {
        const entry = await table.get(call.key);
        return entry && onChannel(entry);
      }
      case 'put':
        return table.put(call.key, JSON.parse(call.body));
      case 'update':
        return table.update(call.key, JSON.parse(call.body), call.revision);
      case 'delete':
        return table.delete(call.key);
      case 'list':
        return (await table.list(call.prefix)).map(onChannel);
      default:
        return undefined;
    }
  }

  /** Hands one body to the child and waits for what it says of it. */
  async #deliver(subscription: number, payload: unknown, given?: Delivery): Promise<unknown> {
    if (this.#ended) throw this.#died();
    this.#lastDelivery += 1;
    const delivery = this.#lastDelivery;
    const abort = () => this.#send({ protocol: PROTOCOL, type: 'abort', delivery });
    given?.signal.addEventListener('abort', abort);
    try {
      const outcome = await new Promise<Outcome>((settle) => {
        this.#deliveries.set(delivery, settle);
        const body = JSON.stringify(payload);
        this.#send({ protocol: PROTOCOL, type: 'deliver', delivery, subscription, body, attempt: given?.attempt ?? 1 });
      });
      return valueOf(outcome);
    } finally {
      this.#deliveries.delete(delivery);
      given?.signal.removeEventListener('abort', abort);
    }
  }

  async #stop(id: number): Promise<void> {
    const subscription = await this.#subscriptions.get(id);
    await subscription?.stop();
    this.#subscriptions.delete(id);
  }

  #table(bucket: string): Promise<StateTable<unknown>> {
    let table = this.#tables.get(bucket);
    if (!table) {
      table = this.#bus.state(defineState(bucket, anything));
      table.catch(() => this.#tables.delete(bucket));
      this.#tables.set(bucket, table);
    }
    return table;
  }

  #died(): CodedError {
    return new CodedError('PROCESS_DIED', `The ${this.name} ended before it had finished`);
  }

  #unlessEnded(error: unknown): void {
    if (!this.#ended) throw error;
  }

  #send(message: FromParent): void {
    // A failure to send means that the child is going; its `disconnect` ends the session.
    send(this.#child, message, () => {});
  }
}

function onChannel({ key, value, revision }: StateEntry<unknown>): { key: string; body: string; revision: number } {
  return { key, body: JSON.stringify(value), revision };
}
