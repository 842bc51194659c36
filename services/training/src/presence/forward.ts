import {
  Checkpointed,
  Evaluated,
  ModelRegistered,
  Models,
  Runs,
  type EventDefinition,
  type MessageBus,
  type StateDefinition,
  type Subscription,
} from '@bluewaters/messages';
import type { OutsideBus } from './outside-bus.js';

/** What others want to know of a run: of a table the newest value of each key. */
const EVENTS = [Checkpointed, Evaluated, ModelRegistered] as readonly EventDefinition<unknown>[];
const TABLES = [Runs, Models] as readonly StateDefinition<unknown>[];

/** Tells an outside bus what happens on the bus of a rank, in that order, also what happened while it was away. */
export async function forward(inside: MessageBus, outside: OutsideBus): Promise<Subscription> {
  const events = EVENTS.map((event) =>
    inside.subscribe(event, (payload) => outside.tell((bus) => bus.publish(event, payload))),
  );
  const tables = TABLES.map(async (definition) =>
    (await inside.state(definition)).watch('', (key, value) => {
      if (value !== undefined) outside.tell(async (bus) => (await bus.state(definition)).put(key, value));
    }),
  );
  const all = await Promise.all([...events, ...tables]);
  return { stop: async () => void (await Promise.all(all.map((each) => each.stop()))) };
}
