import type { CommandDefinition, EventDefinition, StateDefinition, WorkDefinition } from './definitions.js';

/** Something that goes on until it is stopped. */
export interface Subscription {
  /** Takes no more messages, waits for the handler that is running, and gives back what it holds. */
  stop(): Promise<void>;
}

/** One delivery of work to one worker. */
export interface Delivery {
  /** 1 for the first delivery; more after a crash or a failure of the worker before. */
  readonly attempt: number;
  /** Aborted when the subscription stops: end soon, the work comes again. */
  readonly signal: AbortSignal;
}

/** A value in a table of state. */
export interface StateEntry<T> {
  readonly key: string;
  readonly value: T;
  /** Grows with each change of the key; the token for `update`. */
  readonly revision: number;
}

/** One table of state. Keys are 1 to 200 of `A-Z a-z 0-9 _ - .` and never start or end with a dot. */
export interface StateTable<T> {
  get(key: string): Promise<StateEntry<T> | undefined>;
  /** Sets a value whatever was there. Resolves to the new revision. */
  put(key: string, value: T): Promise<number>;
  /** Sets a value if the revision is still `revision` (0: if there is none). @throws {CodedError} STATE_CONFLICT. */
  update(key: string, value: T, revision: number): Promise<number>;
  delete(key: string): Promise<void>;
  /** All entries whose key starts with `prefix`, in ascending key order. */
  list(prefix?: string): Promise<StateEntry<T>[]>;
  /**
   * Calls `handler` with every present entry and then with what becomes of them, in order; undefined as value means
   * deleted. The newest value of a key is always told; one that another has replaced by then may be passed over.
   * Survives a reconnection: entries may then be told again.
   */
  watch(prefix: string, handler: (key: string, value: T | undefined) => void): Promise<Subscription>;
}

/**
 * How services meet. Payloads are checked against the schema by the sender and by the receiver (MESSAGE_INVALID).
 *
 * Every adapter keeps these promises (one conformance suite):
 * - a command reaches exactly one of the handlers that serve it; its CodedError comes back as a CodedError;
 * - an event reaches every subscriber that was there when it was sent, in the sender's order; a subscriber with a
 *   `durable` name also gets, at its next start, what it missed;
 * - work stays until a worker's handler has resolved; a handler that throws a retryable error, or a worker that dies,
 *   makes it come again, `attempt` counted up; one that throws another error ends the work;
 * - state tables are shared by everyone on the bus and changes are seen in order.
 */
export interface MessageBus {
  /** For people: `in process`, `nats://host:4222`. */
  readonly description: string;

  /**
   * Asks and waits for the answer.
   * @throws {CodedError} NO_RESPONDERS at once when no one serves the command; TIMED_OUT after `timeoutMs`
   * (default 5,000); whatever the handler threw.
   */
  request<Request, Reply>(
    command: CommandDefinition<Request, Reply>,
    request: Request,
    options?: { readonly timeoutMs?: number },
  ): Promise<Reply>;

  /** Answers a command; several who serve the same command share the load. */
  serve<Request, Reply>(
    command: CommandDefinition<Request, Reply>,
    handler: (request: Request) => Promise<Reply>,
  ): Promise<Subscription>;

  /** Tells an event; resolves when the bus has it. */
  publish<T>(event: EventDefinition<T>, payload: T): Promise<void>;

  /** Hears an event. With `durable`, what is sent while the subscriber is away is kept for it. */
  subscribe<T>(
    event: EventDefinition<T>,
    handler: (payload: T) => Promise<void> | void,
    options?: { readonly durable?: string },
  ): Promise<Subscription>;

  /** Puts work in its queue; resolves when the bus has it. */
  submit<Request, Result>(work: WorkDefinition<Request, Result>, request: Request): Promise<void>;

  /** Takes work from its queue, one piece at a time. */
  work<Request, Result>(
    work: WorkDefinition<Request, Result>,
    handler: (request: Request, delivery: Delivery) => Promise<void>,
  ): Promise<Subscription>;

  /** Opens a table of state, made when it is not there. */
  state<T>(definition: StateDefinition<T>): Promise<StateTable<T>>;

  /** Stops every subscription and gives the connection back. */
  close(): Promise<void>;
}
