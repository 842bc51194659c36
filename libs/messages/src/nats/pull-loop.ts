import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, ConsumerMessages, JsMsg } from 'nats';
import { natsError } from './errors.js';
import type { Link } from './link.js';
import type { Subscription } from '../message-bus.js';

/** Where a loop gets its messages and what it does with them. */
export interface Pull {
  /** What it does, for errors. */
  readonly doing: string;
  /** Makes the consumer, and its stream, when they are not there. */
  readonly open: () => Promise<Consumer>;
  /** Asks for messages from the consumer. */
  readonly ask: (consumer: Consumer) => Promise<ConsumerMessages>;
  /** One message at a time; never rejects. */
  readonly handle: (message: JsMsg, stopping: AbortSignal) => Promise<void>;
  /** What becomes of messages that arrive when the loop is being stopped. */
  readonly giveBack: (message: JsMsg) => void;
}

const PAUSE_AFTER_FAULT_MS = 300;

/**
 * Takes messages from a consumer of JetStream until it is stopped. The consumer is opened anew after each
 * reconnection and each fault, for the server may have lost it.
 */
export class PullLoop implements Subscription {
  readonly #pull: Pull;
  readonly #stopping = new AbortController();
  readonly #forgetReconnects: () => void;
  #consumer: Consumer | undefined;
  #messages: ConsumerMessages | undefined;
  #ended: Promise<void> = Promise.resolve();

  private constructor(link: Link, pull: Pull) {
    this.#pull = pull;
    this.#forgetReconnects = link.onReconnect(() => {
      this.#consumer = undefined;
      this.#messages?.stop();
    });
  }

  /**
   * Resolves when the consumer is there, so that nothing sent from now on is missed.
   * @throws {CodedError} BUS_REFUSED, BUS_UNAVAILABLE.
   */
  static async start(link: Link, pull: Pull): Promise<PullLoop> {
    const loop = new PullLoop(link, pull);
    try {
      loop.#consumer = await pull.open();
    } catch (error) {
      loop.#forgetReconnects();
      throw natsError(error, pull.doing);
    }
    loop.#ended = loop.#run();
    return loop;
  }

  async stop(): Promise<void> {
    this.#forgetReconnects();
    this.#stopping.abort();
    this.#messages?.stop();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        this.#consumer ??= await this.#pull.open();
        await this.#take(this.#consumer, signal);
      } catch {
        // The connection mends itself, or the server is asked for a new consumer.
        this.#consumer = undefined;
        await sleep(PAUSE_AFTER_FAULT_MS, undefined, { signal }).catch(() => {});
      }
    }
  }

  async #take(consumer: Consumer, signal: AbortSignal): Promise<void> {
    this.#messages = await this.#pull.ask(consumer);
    if (signal.aborted || this.#consumer !== consumer) this.#messages.stop();
    for await (const message of this.#messages) {
      if (signal.aborted) this.#pull.giveBack(message);
      else await this.#pull.handle(message, signal);
    }
  }
}
