/**
 * Composes services for the command line. Without a bus (the default) the services that a verb needs run in this very
 * process, over the in-process bus and the given store; with `--bus nats://…` they run elsewhere and this process only
 * asks them.
 */
import { join } from 'node:path';
import { openBus, type MessageBus } from '@bluewaters/messages';
import { cacheDirectory, createLogger, Registry, type RunningService, type ServicePorts } from '@bluewaters/service';
import { openStore, type ObjectStore, type StoreOptions } from '@bluewaters/storage';
import { IngestOptions, start as startIngest } from '@bluewaters/ingest';
import { ShardsOptions, start as startShards } from '@bluewaters/shards';
import { start as startTraining, TrainingOptions } from '@bluewaters/training';
import type { Place } from './common-options.js';

/** What every verb works with. */
export interface Workplace {
  readonly bus: MessageBus;
  readonly store: ObjectStore;
  readonly storeOptions: StoreOptions;
  readonly ports: ServicePorts;
  /** True when the services run in this process. */
  readonly embedded: boolean;
  /** Starts the named services here; does nothing when they run elsewhere. */
  need(...names: ServiceName[]): Promise<void>;
  close(): Promise<void>;
}

/** The services that do queued work. */
export type ServiceName = 'ingest' | 'shards' | 'training';

/** Opens a workplace for as long as `use` takes, and closes it however that ends. */
export async function withWorkplace<T>(options: Place, use: (workplace: Workplace) => Promise<T>): Promise<T> {
  const workplace = await openWorkplace(options);
  try {
    return await use(workplace);
  } finally {
    await workplace.close();
  }
}

async function openWorkplace(options: Place): Promise<Workplace> {
  const store = await openStore(options.store);
  const bus = await openBus(options.bus);
  const log = createLogger({ service: 'bluewaters', level: options.verbose ? 'debug' : 'silent' });
  const ports: ServicePorts = { bus, store, log, metrics: new Registry() };
  const embedded = options.bus.kind === 'in-process';
  const running = new Map<ServiceName, RunningService>();
  const starters: Record<ServiceName, () => Promise<RunningService>> = {
    ingest: () => startIngest(ingestOptions(options), ports),
    shards: () => startShards(ShardsOptions.parse({}), ports),
    training: () => startTraining(trainingOptions(options), ports),
  };
  return {
    bus,
    store,
    storeOptions: options.store,
    ports,
    embedded,
    async need(...names) {
      for (const name of embedded ? names : []) {
        if (!running.has(name)) running.set(name, await starters[name]());
      }
    },
    async close() {
      await Promise.all([...running.values()].map((service) => service.stop()));
      await bus.close();
      await store.close();
    },
  };
}

function ingestOptions({ store, workers }: Place): IngestOptions {
  return IngestOptions.parse({ store, ...(workers === undefined ? {} : { workers }) });
}

function trainingOptions({ store, threads }: Place): TrainingOptions {
  return TrainingOptions.parse({
    store,
    workDirectory: workDirectoryOf(store),
    coordinator: false,
    ...(threads === undefined ? {} : { threads }),
  });
}

/** Where local copies lie that training needs. */
export function workDirectoryOf(store: StoreOptions): string {
  return store.kind === 'directory' ? join(store.path, 'work') : cacheDirectory('work');
}
