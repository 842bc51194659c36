import { deserializeError, toCodedError } from '@bluewaters/errors';
import { CheckedBus } from '../checked-bus.js';
import { busClosed, noResponders, warnOfFault, withTimeout, type FaultListener } from '../faults.js';
import { Queue } from './queue.js';
import { MemoryTable } from './table.js';
import type { Delivery, Subscription } from '../message-bus.js';
import type { Transport, TransportTable } from '../transport.js';

const DURABLE_MAX_ATTEMPTS = 5;

/** A bus for parties that live in one process; all it holds goes with the process. */
export class InProcessBus extends CheckedBus {
  constructor(onFault: FaultListener = warnOfFault) {
    super(new InProcessTransport(onFault), onFault);
  }
}

interface Responder {
  readonly handler: (body: string) => Promise<string>;
  readonly running: Set<Promise<unknown>>;
}

interface Topic {
  readonly listeners: Set<Queue>;
  readonly durables: Map<string, Queue>;
}

class InProcessTransport implements Transport {
  readonly description = 'in process';
  readonly #onFault: FaultListener;
  readonly #responders = new Map<string, Responder[]>();
  readonly #topics = new Map<string, Topic>();
  readonly #queues = new Map<string, Queue>();
  readonly #tables = new Map<string, MemoryTable>();
  #closed = false;

  constructor(onFault: FaultListener) {
    this.#onFault = onFault;
  }

  async request(subject: string, body: string, timeoutMs: number): Promise<string> {
    this.#assertOpen();
    const responders = this.#responders.get(subject) ?? [];
    const responder = responders.shift();
    if (!responder) throw noResponders(subject);
    responders.push(responder);
    // As over a network: later than this turn, and an error as a copy.
    const answer = Promise.resolve()
      .then(() => responder.handler(body))
      .catch((error: unknown) => {
        throw deserializeError(toCodedError(error).toJSON());
      });
    const settled: Promise<unknown> = answer.then(
      () => responder.running.delete(settled),
      () => responder.running.delete(settled),
    );
    responder.running.add(settled);
    return withTimeout(answer, timeoutMs, subject);
  }

  async serve(subject: string, handler: Responder['handler']): Promise<Subscription> {
    this.#assertOpen();
    const responder: Responder = { handler, running: new Set() };
    const responders = getOrMake(this.#responders, subject, () => []);
    responders.push(responder);
    return {
      stop: async () => {
        responders.splice(responders.indexOf(responder), 1);
        await Promise.all(responder.running);
      },
    };
  }

  async publish(subject: string, body: string): Promise<void> {
    this.#assertOpen();
    const topic = this.#topics.get(subject);
    topic?.listeners.forEach((queue) => queue.push(body));
    topic?.durables.forEach((queue) => queue.push(body));
  }

  async subscribe(
    subject: string,
    handler: (body: string) => Promise<void>,
    durable: string | undefined,
  ): Promise<Subscription> {
    this.#assertOpen();
    const topic = this.#topicOf(subject);
    if (durable !== undefined) {
      const kept = getOrMake(topic.durables, durable, () => this.#makeQueue(subject, true, DURABLE_MAX_ATTEMPTS));
      return kept.work(handler);
    }
    const queue = this.#makeQueue(subject, true, 1);
    topic.listeners.add(queue);
    const listener = queue.work(handler);
    return {
      stop: async () => {
        topic.listeners.delete(queue);
        queue.clear();
        await listener.stop();
      },
    };
  }

  async submit(subject: string, body: string): Promise<void> {
    this.#assertOpen();
    this.#queueOf(subject).push(body);
  }

  async work(subject: string, handler: (body: string, delivery: Delivery) => Promise<void>): Promise<Subscription> {
    this.#assertOpen();
    return this.#queueOf(subject).work(handler);
  }

  async table(bucket: string): Promise<TransportTable> {
    this.#assertOpen();
    return getOrMake(this.#tables, bucket, () => new MemoryTable());
  }

  async close(): Promise<void> {
    this.#closed = true;
    const durables = [...this.#topics.values()].flatMap((topic) => [...topic.durables.values()]);
    [...this.#queues.values(), ...durables].forEach((queue) => queue.clear());
  }

  #topicOf(subject: string): Topic {
    return getOrMake(this.#topics, subject, () => ({ listeners: new Set(), durables: new Map() }));
  }

  #queueOf(subject: string): Queue {
    return getOrMake(this.#queues, subject, () => this.#makeQueue(subject, false, Infinity));
  }

  #makeQueue(subject: string, inOrder: boolean, maxAttempts: number): Queue {
    return new Queue({ inOrder, maxAttempts, onGivenUp: (error) => this.#onFault(error, subject) });
  }

  #assertOpen(): void {
    if (this.#closed) throw busClosed();
  }
}

function getOrMake<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
