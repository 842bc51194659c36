import type { Delivery, Subscription } from './message-bus.js';

/**
 * What carries checked messages: the promises of `MessageBus`, with JSON text in place of typed values. Handlers
 * reject with CodedErrors only.
 */
export interface Transport {
  readonly description: string;
  request(subject: string, body: string, timeoutMs: number): Promise<string>;
  serve(subject: string, handler: (body: string) => Promise<string>): Promise<Subscription>;
  publish(subject: string, body: string): Promise<void>;
  subscribe(
    subject: string,
    handler: (body: string) => Promise<void>,
    durable: string | undefined,
  ): Promise<Subscription>;
  submit(subject: string, body: string): Promise<void>;
  work(subject: string, handler: (body: string, delivery: Delivery) => Promise<void>): Promise<Subscription>;
  table(bucket: string): Promise<TransportTable>;
  close(): Promise<void>;
}

/** An entry of a {@link TransportTable}; `body` is JSON. */
export interface TransportEntry {
  readonly key: string;
  readonly body: string;
  readonly revision: number;
}

/** A table of state with JSON text as values. */
export interface TransportTable {
  get(key: string): Promise<TransportEntry | undefined>;
  put(key: string, body: string): Promise<number>;
  update(key: string, body: string, revision: number): Promise<number>;
  delete(key: string): Promise<void>;
  list(prefix: string): Promise<TransportEntry[]>;
  watch(prefix: string, handler: (key: string, body: string | undefined) => void): Promise<Subscription>;
}
