import { CodedError, toCodedError } from '@bluewaters/errors';
import { openBus, type BusOptions, type MessageBus } from '@bluewaters/messages';
import { openStore, type ObjectStore, type StoreOptions } from '@bluewaters/storage';
import type { Logger } from 'pino';
import { z } from 'zod';
import { createRegistry } from './create-registry.js';
import { parseFlags } from './flags.js';
import { frameOptions, type FrameOptions } from './frame-options.js';
import { startHealthServer } from './health.js';
import type { HttpServer } from './listen.js';
import { loadPrometheus } from './load-late.js';
import { createLogger } from './logger.js';
import { readOptionsFile, resolveOptions } from './options.js';
import { parseBus, parseStore } from './ports.js';
import type { RunningService, ServicePorts } from './service.js';
import { stopSignal } from './stop-signals.js';
import { describeOptions } from './usage.js';

/** What a `main.ts` says of its service; the frame does the rest. */
export interface ServiceDefinition<Schema extends z.ZodObject> {
  readonly name: string;
  /** The service's own options, with their defaults. */
  readonly optionsSchema: Schema;
  readonly defaults: { readonly healthPort: number };
  readonly start: (
    options: z.output<Schema>,
    ports: ServicePorts,
    /** Where the ports lead, for a service whose children open them again. */
    places: ServicePlaces,
  ) => Promise<RunningService>;
}

/** Where the ports of a service lead. */
export interface ServicePlaces {
  readonly store: StoreOptions;
  readonly bus: BusOptions;
}

/** How long a service may take to stop, before the process ends with code 1. */
const STOP_LIMIT_MS = 60_000;

/**
 * The life of a service process: options, ports, health server, `start`, and at SIGTERM or SIGINT not ready, stop, close,
 * exit 0 (a second signal: exit 1 at once). What fails at the start is one coded line on stderr and exit 1. Never returns.
 */
export async function runService<Schema extends z.ZodObject>(definition: ServiceDefinition<Schema>): Promise<never> {
  const log = createLogger({ service: definition.name });
  const signal = stopSignal(log);
  try {
    const { frame, own } = readOptions(definition);
    log.level = frame.logLevel;
    await runUntil(signal, log, frame, (ports, places) => definition.start(own, ports, places));
  } catch (error) {
    const { code, message, details } = toCodedError(error);
    log.fatal({ code, details, err: code === 'INTERNAL' ? error : undefined }, message);
    process.exit(1);
  }
  process.exit(0);
}

function readOptions<Schema extends z.ZodObject>({ name, optionsSchema, defaults }: ServiceDefinition<Schema>) {
  const frameSchema = frameOptions(defaults.healthPort);
  const schema = z.strictObject({ ...frameSchema.shape, ...optionsSchema.shape });
  const argv = process.argv.slice(2);
  if (argv.includes('--help')) {
    process.stdout.write(describeOptions(name, schema));
    process.exit(0);
  }
  const { config, ...flags } = parseFlags(schema.extend({ config: z.string().optional() }), argv);
  const path = (config as string | undefined) ?? process.env['BLUEWATERS_CONFIG'];
  const file = path ? { file: readOptionsFile(path) } : {};
  const resolved = resolveOptions(schema, { flags, environment: process.env, service: name, ...file });
  return { frame: pickShape(frameSchema, resolved), own: pickShape(optionsSchema, resolved) };
}

/** The part of checked options that a schema names. */
function pickShape<Schema extends z.ZodObject>(schema: Schema, resolved: object): z.output<Schema> {
  return Object.fromEntries(
    Object.entries(resolved).filter(([option]) => option in schema.shape),
  ) as unknown as z.output<Schema>;
}

async function runUntil(
  signal: Promise<string>,
  log: Logger,
  frame: FrameOptions,
  start: (ports: ServicePorts, places: ServicePlaces) => Promise<RunningService>,
): Promise<void> {
  const places = { store: parseStore(frame.store), bus: parseBus(frame.bus, frame) };
  const metrics = createRegistry();
  loadPrometheus().collectDefaultMetrics({ register: metrics });
  let readiness: RunningService['readiness'] = () => ({ ready: false, reason: 'starting' });
  const health = await startHealthServer(
    { readiness: () => readiness(), metrics, log },
    { host: frame.healthHost, port: frame.healthPort },
  );
  const store = await openStore(places.store);
  const bus = await openBus(places.bus, (err, where) => log.warn({ err, where }, 'a message was lost'));
  log.info({ health: health.address, store: store.description, bus: bus.description }, 'starting');
  const service = await start({ bus, store, log, metrics }, places);
  readiness = () => service.readiness();
  log.info('started');
  const reason = await signal;
  readiness = () => ({ ready: false, reason: 'stopping' });
  log.info({ signal: reason }, 'stopping');
  await withinLimit(stopAll(service, bus, store, health));
  log.info('stopped');
}

/** Health answers until the end, so that a watcher sees "stopping" and not a dead port. */
async function stopAll(
  service: RunningService,
  bus: MessageBus,
  store: ObjectStore,
  health: HttpServer,
): Promise<void> {
  await service.stop();
  await bus.close();
  await store.close();
  await health.close(1_000);
}

async function withinLimit(stopped: Promise<void>): Promise<void> {
  const limit = new Promise<never>((_resolve, reject) => {
    const error = new CodedError('TIMED_OUT', `The service did not stop within ${STOP_LIMIT_MS / 1000} s`);
    setTimeout(() => reject(error), STOP_LIMIT_MS).unref();
  });
  await Promise.race([stopped, limit]);
}
