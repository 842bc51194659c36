import { stateConflict } from '../faults.js';
import type { Subscription } from '../message-bus.js';
import type { TransportEntry, TransportTable } from '../transport.js';

type Watcher = (key: string, body: string | undefined) => void;

/** A table of state in memory. */
export class MemoryTable implements TransportTable {
  readonly #entries = new Map<string, TransportEntry>();
  readonly #watchers = new Set<Watcher>();
  #revision = 0;

  async get(key: string): Promise<TransportEntry | undefined> {
    return this.#entries.get(key);
  }

  async put(key: string, body: string): Promise<number> {
    this.#revision += 1;
    this.#entries.set(key, { key, body, revision: this.#revision });
    this.#tell(key, body);
    return this.#revision;
  }

  async update(key: string, body: string, revision: number): Promise<number> {
    const current = this.#entries.get(key)?.revision ?? 0;
    if (current !== revision) throw stateConflict(key, revision, current);
    return this.put(key, body);
  }

  async delete(key: string): Promise<void> {
    if (this.#entries.delete(key)) this.#tell(key, undefined);
  }

  async list(prefix: string): Promise<TransportEntry[]> {
    return [...this.#entries.values()].filter(({ key }) => key.startsWith(prefix));
  }

  async watch(prefix: string, handler: Watcher): Promise<Subscription> {
    const watcher: Watcher = (key, body) => {
      if (!key.startsWith(prefix)) return;
      // After the turn of the one who changes the table, as over a network; microtasks keep their order.
      queueMicrotask(() => {
        if (this.#watchers.has(watcher)) handler(key, body);
      });
    };
    this.#watchers.add(watcher);
    for (const { key, body } of this.#entries.values()) watcher(key, body);
    return {
      stop: async () => {
        this.#watchers.delete(watcher);
      },
    };
  }

  #tell(key: string, body: string | undefined): void {
    this.#watchers.forEach((watcher) => watcher(key, body));
  }
}
