import { CodedError } from '@bluewaters/errors';
import { CheckedTable } from './checked-table.js';
import { decode, encode } from './codec.js';
import { coded, type FaultListener } from './faults.js';
import type { CommandDefinition, EventDefinition, StateDefinition, WorkDefinition } from './definitions.js';
import type { Delivery, MessageBus, StateTable, Subscription } from './message-bus.js';
import type { Transport } from './transport.js';

const DEFAULT_TIMEOUT_MS = 5_000;

/** The half of every bus that they share: payloads are checked here, on their way out and on their way in. */
export class CheckedBus implements MessageBus {
  readonly #transport: Transport;
  readonly #onFault: FaultListener;
  readonly #subscriptions = new Set<Subscription>();

  constructor(transport: Transport, onFault: FaultListener) {
    this.#transport = transport;
    this.#onFault = onFault;
  }

  get description(): string {
    return this.#transport.description;
  }

  async request<Request, Reply>(
    command: CommandDefinition<Request, Reply>,
    request: Request,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<Reply> {
    const body = encode(command.request, request, command.subject);
    const reply = await this.#transport.request(command.subject, body, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    return decode(command.reply, reply, command.subject);
  }

  async serve<Request, Reply>(
    command: CommandDefinition<Request, Reply>,
    handler: (request: Request) => Promise<Reply>,
  ): Promise<Subscription> {
    const { subject } = command;
    const answer = async (body: string) =>
      encode(command.reply, await handler(decode(command.request, body, subject)), subject);
    return this.#track(await this.#transport.serve(subject, (body) => coded(() => answer(body))));
  }

  async publish<T>(event: EventDefinition<T>, payload: T): Promise<void> {
    await this.#transport.publish(event.subject, encode(event.schema, payload, event.subject));
  }

  async subscribe<T>(
    event: EventDefinition<T>,
    handler: (payload: T) => Promise<void> | void,
    options: { readonly durable?: string } = {},
  ): Promise<Subscription> {
    const hear = (body: string) => coded(() => handler(decode(event.schema, body, event.subject)));
    const { durable } = options;
    if (durable !== undefined) assertToken(durable);
    return this.#track(await this.#transport.subscribe(event.subject, hear, durable));
  }

  async submit<Request, Result>(work: WorkDefinition<Request, Result>, request: Request): Promise<void> {
    await this.#transport.submit(work.subject, encode(work.request, request, work.subject));
  }

  async work<Request, Result>(
    work: WorkDefinition<Request, Result>,
    handler: (request: Request, delivery: Delivery) => Promise<void>,
  ): Promise<Subscription> {
    const take = (body: string, delivery: Delivery) =>
      coded(() => handler(decode(work.request, body, work.subject), delivery));
    return this.#track(await this.#transport.work(work.subject, take));
  }

  async state<T>(definition: StateDefinition<T>): Promise<StateTable<T>> {
    const table = await this.#transport.table(definition.bucket);
    return new CheckedTable(definition, table, this.#onFault, (subscription) => this.#track(subscription));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.stop()));
    await this.#transport.close();
  }

  #track(subscription: Subscription): Subscription {
    let stopping: Promise<void> | undefined;
    const tracked: Subscription = {
      stop: () => {
        stopping ??= subscription.stop().finally(() => this.#subscriptions.delete(tracked));
        return stopping;
      },
    };
    this.#subscriptions.add(tracked);
    return tracked;
  }
}

function assertToken(name: string): void {
  if (/^[A-Za-z0-9_-]{1,100}$/u.test(name)) return;
  throw new CodedError('KEY_INVALID', 'The name of a durable subscriber is not allowed', {
    details: { field: 'durable', expected: '1 to 100 of A-Z a-z 0-9 _ -', got: JSON.stringify(name.slice(0, 200)) },
  });
}
