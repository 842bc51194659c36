import type { JsMsg, KV } from 'nats';
import { isCodedError } from '@bluewaters/errors';
import { stateConflict } from '../faults.js';
import { PullLoop } from './pull-loop.js';
import { openReader, type Reader } from './reader.js';
import type { Link } from './link.js';
import type { Subscription } from '../message-bus.js';
import type { TransportEntry, TransportTable } from '../transport.js';

const BATCH = 100;
const ASK_MS = 1_000;

/** A table of state in a key-value bucket of JetStream, made anew when the server has lost it. */
export class NatsTable implements TransportTable {
  readonly #link: Link;
  readonly #name: string;
  #bucket: Promise<KV> | undefined;

  private constructor(link: Link, name: string) {
    this.#link = link;
    this.#name = `bluewaters-${name}`;
  }

  /** Resolves when the bucket is there. */
  static async open(link: Link, name: string): Promise<NatsTable> {
    const table = new NatsTable(link, name);
    await table.#use(async () => undefined);
    return table;
  }

  async get(key: string): Promise<TransportEntry | undefined> {
    const entry = await this.#use((bucket) => bucket.get(key));
    return entry?.operation === 'PUT' ? { key, body: entry.string(), revision: entry.revision } : undefined;
  }

  put(key: string, body: string): Promise<number> {
    return this.#use((bucket) => bucket.put(key, body));
  }

  async update(key: string, body: string, revision: number): Promise<number> {
    const change = (bucket: KV) => (revision === 0 ? bucket.create(key, body) : bucket.update(key, body, revision));
    try {
      // Once: a repeat of a change that was made would be a conflict with itself.
      return await this.#use(change, true);
    } catch (error) {
      throw isCodedError(error, 'STATE_CONFLICT') ? stateConflict(key, revision) : error;
    }
  }

  async delete(key: string): Promise<void> {
    await this.#use((bucket) => bucket.delete(key));
  }

  list(prefix: string): Promise<TransportEntry[]> {
    return this.#use(async () => {
      const entries = [...(await this.#newest()).values()].filter((entry) => entry !== undefined);
      return entries.filter(({ key }) => key.startsWith(prefix));
    });
  }

  async watch(prefix: string, handler: (key: string, body: string | undefined) => void): Promise<Subscription> {
    const told = new Set<string>();
    const tell = (key: string, body: string | undefined) => {
      if (body === undefined) told.delete(key);
      else told.add(key);
      handler(key, body);
    };
    // Keys told before a reconnection that the server does not know any more.
    let forgotten = new Set<string>();
    const tellForgotten = () => {
      forgotten.forEach((key) => tell(key, undefined));
      forgotten.clear();
    };
    return PullLoop.start(this.#link, {
      doing: `watching the table ${this.#name}`,
      open: async () => {
        const { consumer, pending } = await this.#use(() => this.#read());
        forgotten = new Set(told);
        if (pending === 0) tellForgotten();
        return consumer;
      },
      ask: (consumer) => consumer.consume({ max_messages: BATCH, abort_on_missing_resource: true }),
      handle: async (message) => {
        const { key, body } = this.#parse(message);
        forgotten.delete(key);
        if (key.startsWith(prefix)) tell(key, body);
        if (message.info.pending === 0) tellForgotten();
      },
      giveBack: () => {},
    });
  }

  /** The newest entry of each key, undefined where it was deleted. */
  async #newest(): Promise<Map<string, TransportEntry | undefined>> {
    const entries = new Map<string, TransportEntry | undefined>();
    const { consumer, pending } = await this.#read();
    try {
      for (let left = pending; left > 0; left = (await consumer.info()).num_pending) {
        for await (const message of await consumer.fetch({ max_messages: left, expires: ASK_MS })) {
          const { key, body } = this.#parse(message);
          entries.set(key, body === undefined ? undefined : { key, body, revision: message.seq });
          if (message.info.pending === 0) return entries;
        }
      }
      return entries;
    } finally {
      await consumer.delete().catch(() => {});
    }
  }

  #read(): Promise<Reader> {
    return openReader(this.#link, `KV_${this.#name}`, `$KV.${this.#name}.>`, 'newest of each subject');
  }

  #parse(message: JsMsg): { key: string; body: string | undefined } {
    const key = message.subject.slice(`$KV.${this.#name}.`.length);
    const isSet = !message.headers?.get('KV-Operation');
    return { key, body: isSet ? message.string() : undefined };
  }

  /** Runs a call on the bucket; again after making it where the server has lost it. */
  async #use<T>(run: (bucket: KV) => Promise<T>, once = false): Promise<T> {
    return this.#link.call(
      `using the table ${this.#name}`,
      async () => {
        this.#bucket ??= this.#link.jetStream.views.kv(this.#name, { history: 1 });
        return run(await this.#bucket);
      },
      async () => {
        this.#bucket = undefined;
      },
      once,
    );
  }
}
