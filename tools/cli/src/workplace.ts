/**
 * Composes services for the command line. Without a bus (the default) the services that a verb needs run in this very
 * process, over the in-process bus and the given store; with `--bus nats://…` they run elsewhere and this process only
 * asks them.
 */
import { join } from 'node:path';
import { openBus, type MessageBus } from '@bluewaters/messages';
import {
  cacheDirectory,
  createLogger,
  createRegistry,
  type RunningService,
  type ServicePorts,
} from '@bluewaters/service';
import { folderOfCopies, openStore, type ObjectStore, type StoreOptions } from '@bluewaters/storage';
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
  let made: ServicePorts | undefined;
  const ports = (): ServicePorts => (made ??= portsOf(bus, store, options));
  const embedded = options.bus.kind === 'in-process';
  const running = new Map<ServiceName, RunningService>();
  return {
    bus,
    store,
    storeOptions: options.store,
    get ports() {
      return ports();
    },
    embedded,
    async need(...names) {
      for (const name of embedded ? names : []) {
        if (!running.has(name)) running.set(name, await STARTERS[name](options, ports()));
      }
    },
    async close() {
      await Promise.all([...running.values()].map((service) => service.stop()));
      await bus.close();
      await store.close();
    },
  };
}

/** What services in this process are given. */
function portsOf(bus: MessageBus, store: ObjectStore, { verbose }: Place): ServicePorts {
  const log = createLogger({ service: 'bluewaters', level: verbose ? 'debug' : 'silent' });
  return { bus, store, log, metrics: createRegistry() };
}

/** Each loaded when it is needed, since all of them together take a second and much memory. */
const STARTERS: Record<ServiceName, (options: Place, ports: ServicePorts) => Promise<RunningService>> = {
  ingest: async ({ store, workers }, ports) => {
    const { IngestOptions, start } = await import('@bluewaters/ingest');
    return start(IngestOptions.parse({ store, ...(workers === undefined ? {} : { workers }) }), ports);
  },
  shards: async (_, ports) => {
    const { ShardsOptions, start } = await import('@bluewaters/shards');
    return start(ShardsOptions.parse({}), ports);
  },
  training: async ({ store, threads }, ports) => {
    const { start, TrainingOptions } = await import('@bluewaters/training');
    const workDirectory = workDirectoryOf(store);
    const options = { store, workDirectory, coordinator: false, ...(threads === undefined ? {} : { threads }) };
    return start(TrainingOptions.parse(options), ports);
  },
};

/** Where local copies lie that training needs. */
export function workDirectoryOf(store: StoreOptions): string {
  return store.kind === 'directory' ? join(store.path, 'work') : folderOfCopies(cacheDirectory('work'), store);
}
