import type { MessageBus, StateDefinition, Subscription } from '@bluewaters/messages';

/** Values by key, so many at most: one more lets go of the one that was set longest ago. */
export class Recent<Value> {
  readonly #most: number;
  readonly #values = new Map<string, Value>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Undefined where it is not kept, or no more. */
  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  /** Undefined takes it out. */
  set(key: string, value: Value | undefined): void {
    this.#values.delete(key);
    if (value === undefined) return;
    this.#values.set(key, value);
    const [oldest] = this.#values.keys();
    if (this.#values.size > this.#most && oldest !== undefined) this.#values.delete(oldest);
  }

  /** In the order of their keys. */
  values(): Value[] {
    return [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
  }
}

/** A table of the bus as it is known here. */
export interface FollowedTable<Value> extends Subscription {
  readonly recent: Recent<Value>;
}

/**
 * Follows a table of state; what was told last stays while the bus is away.
 *
 * @param keep What of a value is kept.
 */
export async function followTable<Value, Kept>(
  bus: MessageBus,
  definition: StateDefinition<Value>,
  { most, keep }: { readonly most: number; readonly keep: (value: Value) => Kept | undefined },
): Promise<FollowedTable<Kept>> {
  const recent = new Recent<Kept>(most);
  const table = await bus.state(definition);
  const watch = await table.watch('', (key, value) => recent.set(key, value && keep(value)));
  return { recent, stop: () => watch.stop() };
}
