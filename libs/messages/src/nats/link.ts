import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ErrorCode,
  Events,
  NatsError,
  type JetStreamClient,
  type JetStreamManager,
  type NatsConnection,
  type StreamConfig,
  type StreamInfo,
} from 'nats';
import { isMissing, isTimeout, natsError } from './errors.js';

/** What a stream must be like; the rest is the server's choice. */
export type StreamNeeds = Partial<StreamConfig> & { readonly name: string };

const TIMEOUT_MS = 5_000;
const CALL_ATTEMPTS = 5;
const DRAIN_MS = 3_000;

/** A connection to NATS with what several parts of the bus need of it. */
export class Link {
  readonly connection: NatsConnection;
  readonly streams: JetStreamManager;
  readonly jetStream: JetStreamClient;
  readonly #reconnected = new Set<() => void>();

  constructor(connection: NatsConnection, streams: JetStreamManager) {
    this.connection = connection;
    this.streams = streams;
    this.jetStream = connection.jetstream();
    void this.#follow();
  }

  /** Calls `listener` after each reconnection, when the server may have lost what it knew. Answers how to end that. */
  onReconnect(listener: () => void): () => void {
    this.#reconnected.add(listener);
    return () => void this.#reconnected.delete(listener);
  }

  /** Facts of a stream, which is made when it is not there. */
  async ensure(needs: StreamNeeds): Promise<StreamInfo> {
    try {
      return await this.streams.streams.info(needs.name);
    } catch (error) {
      if (!isMissing(error)) throw error;
      return this.streams.streams.add(needs);
    }
  }

  /**
   * Runs a call of JetStream again while what it needs is missing, or while no answer comes.
   * @param run Done twice it has the same effect, unless `once`.
   * @param repair Makes what is missing.
   */
  async call<T>(doing: string, run: () => Promise<T>, repair: () => Promise<unknown>, once = false): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await (once ? run() : this.#unlessReconnected(run));
      } catch (error) {
        const mayPass = isMissing(error) || (isTimeout(error) && !once);
        if (!mayPass || attempt === CALL_ATTEMPTS) throw natsError(error, doing);
        // A server that has just started knows of no streams for a moment.
        if (attempt > 1) await sleep(attempt * 100);
        await repair().catch(() => {});
      }
    }
  }

  /** Puts a message in a stream; resolves when the server has it. */
  async publish(subject: string, body: string, stream: StreamNeeds): Promise<void> {
    // A repeat carries the same id, and the server keeps one.
    const options = { msgID: randomUUID(), timeout: TIMEOUT_MS };
    const send = () => this.jetStream.publish(subject, body, options);
    await this.call(`sending to ${subject}`, send, () => this.ensure(stream));
  }

  /** Waits for what is under way, but not for a server that is gone. */
  async close(): Promise<void> {
    await Promise.race([this.connection.drain().catch(() => {}), sleep(DRAIN_MS, undefined, { ref: false })]);
    await this.connection.close();
  }

  /** What was under way when the connection broke is never answered: there is no use in waiting for the timeout. */
  async #unlessReconnected<T>(run: () => Promise<T>): Promise<T> {
    let forget = () => {};
    const broken = new Promise<never>((_, reject) => {
      forget = this.onReconnect(() => reject(NatsError.errorForCode(ErrorCode.Timeout)));
    });
    try {
      return await Promise.race([run(), broken]);
    } finally {
      forget();
    }
  }

  async #follow(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === Events.Reconnect) this.#reconnected.forEach((listener) => listener());
    }
  }
}
