import { CodedError, toCodedError } from '@bluewaters/errors';
import { decode, encode } from './codec.js';
import type { StateDefinition } from './definitions.js';
import type { FaultListener } from './faults.js';
import type { StateEntry, StateTable, Subscription } from './message-bus.js';
import type { TransportEntry, TransportTable } from './transport.js';

/** A table of state whose keys and values are checked. */
export class CheckedTable<T> implements StateTable<T> {
  readonly #definition: StateDefinition<T>;
  readonly #table: TransportTable;
  readonly #onFault: FaultListener;
  readonly #track: (subscription: Subscription) => Subscription;

  constructor(
    definition: StateDefinition<T>,
    table: TransportTable,
    onFault: FaultListener,
    track: (subscription: Subscription) => Subscription,
  ) {
    this.#definition = definition;
    this.#table = table;
    this.#onFault = onFault;
    this.#track = track;
  }

  async get(key: string): Promise<StateEntry<T> | undefined> {
    assertStateKey(key);
    const entry = await this.#table.get(key);
    return entry && this.#decode(entry);
  }

  async put(key: string, value: T): Promise<number> {
    assertStateKey(key);
    return this.#table.put(key, this.#encode(value));
  }

  async update(key: string, value: T, revision: number): Promise<number> {
    assertStateKey(key);
    return this.#table.update(key, this.#encode(value), revision);
  }

  async delete(key: string): Promise<void> {
    assertStateKey(key);
    await this.#table.delete(key);
  }

  async list(prefix = ''): Promise<StateEntry<T>[]> {
    const entries = await this.#table.list(prefix);
    return entries
      .map((entry) => this.#orFault(() => this.#decode(entry)))
      .filter((entry) => entry !== undefined)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async watch(prefix: string, handler: (key: string, value: T | undefined) => void): Promise<Subscription> {
    const hear = (key: string, body: string | undefined) =>
      this.#orFault(() => handler(key, body === undefined ? undefined : this.#decodeBody(body)));
    return this.#track(await this.#table.watch(prefix, hear));
  }

  #encode(value: T): string {
    return encode(this.#definition.schema, value, this.#definition.bucket);
  }

  #decode({ key, body, revision }: TransportEntry): StateEntry<T> {
    return { key, value: this.#decodeBody(body), revision };
  }

  #decodeBody(body: string): T {
    return decode(this.#definition.schema, body, this.#definition.bucket);
  }

  /** One entry that another version of a program wrote must not hide all the others. */
  #orFault<Value>(run: () => Value): Value | undefined {
    try {
      return run();
    } catch (error) {
      this.#onFault(toCodedError(error), this.#definition.bucket);
      return undefined;
    }
  }
}

function assertStateKey(key: string): void {
  if (/^(?!\.)[A-Za-z0-9_.-]{1,200}(?<!\.)$/u.test(key) && !key.includes('..')) return;
  throw new CodedError('KEY_INVALID', 'A key of a state table is not allowed', {
    details: {
      expected: '1 to 200 of A-Z a-z 0-9 _ - . without a dot at either end or two in a row',
      got: JSON.stringify(key.slice(0, 200)),
    },
  });
}
