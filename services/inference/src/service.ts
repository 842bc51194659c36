/**
 * The inference service: follows the model registry, keeps the newest versions loaded in an engine process, and answers
 * over HTTP. A picture goes: route → JPEG → queue → engine process (TensorFlow) → names of classes → JSON.
 */
import {
  createHttpApp,
  keepTold,
  listen,
  type HttpServer,
  type Logger,
  type RunningService,
  type ServicePorts,
} from '@bluewaters/service';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Announcer } from './announcer.js';
import { BatchQueue } from './engine/batch-queue.js';
import { EngineSupervisor } from './engine/engine.js';
import { Classifier } from './http/classifier.js';
import { addRoutes } from './http/routes.js';
import { createMetrics, type InferenceMetrics } from './metrics.js';
import { Catalogue } from './models/catalogue.js';
import { followRegistry } from './models/follower.js';
import { probePicture } from './models/probe.js';
import type { InferenceOptions } from './options.js';
import { readinessOf } from './readiness.js';

/** The service as it runs. */
export interface RunningInference extends RunningService {
  /** `http://host:port`. */
  readonly address: string;
}

/** What is given back when the service stops, or when it could not start: the last first. */
type Closers = (() => Promise<void>)[];

/**
 * Starts the service. It answers health at once, and predictions once models are loaded and have run once.
 *
 * @throws {CodedError} PORT_IN_USE; BUS_UNAVAILABLE.
 */
export async function start(options: InferenceOptions, ports: ServicePorts): Promise<RunningInference> {
  const closers: Closers = [];
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= closeAll(closers));
  try {
    const { catalogue, server } = await assemble(options, ports, closers);
    return { name: 'inference', address: server.address, readiness: () => readinessOf(catalogue), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function assemble(
  options: InferenceOptions,
  ports: ServicePorts,
  closers: Closers,
): Promise<{ catalogue: Catalogue; server: HttpServer }> {
  const { bus, store, log } = ports;
  const cacheDirectory = options.cacheDirectory ?? (await temporaryDirectory(closers));
  const engine = new EngineSupervisor({ threads: options.engineThreads, log });
  closers.push(() => engine.stop());
  const catalogue = new Catalogue({ store, engine, cacheDirectory, probe: await probePicture() }, log);
  const { server, metrics } = await serveHttp(options, ports, { engine, catalogue });
  closers.push(() => server.close());
  log.info({ address: server.address }, 'listening');
  const announcer = await Announcer.open({ bus, log, address: publicAddress(options.host, server) });
  closers.push(() => announcer.withdrawAll());
  watchCatalogue(catalogue, { announcer, metrics, log });
  const told = await keepTold({ bus, log }, () => announcer.tellAll(catalogue.versions()));
  closers.push(() => told.stop());
  closers.push(async () => catalogue.close());
  const served = () => catalogue.versions().map((version) => announcer.describe(version));
  const follower = await followRegistry(catalogue, { bus, log, refreshSeconds: options.refreshSeconds, served });
  closers.push(() => follower.stop());
  engine.observe({
    onCrash: () => {
      metrics.engineRestarts.inc();
      catalogue.forgetLoaded();
    },
    onRestart: () => void follower.look(),
  });
  return { catalogue, server };
}

async function serveHttp(
  options: InferenceOptions,
  { log, metrics: registry }: ServicePorts,
  { engine, catalogue }: { readonly engine: EngineSupervisor; readonly catalogue: Catalogue },
): Promise<{ server: HttpServer; metrics: InferenceMetrics }> {
  const { maxBodyBytes, maxImagePixels, maxQueue } = options;
  const queue = new BatchQueue(engine, { maxLength: maxQueue, onBatch: (size) => metrics.batchImages.observe(size) });
  const metrics = createMetrics(registry, () => queue.length);
  const classifier = new Classifier(catalogue, queue, { maxBytes: maxBodyBytes, maxPixels: maxImagePixels });
  const health = { readiness: () => readinessOf(catalogue), metrics: registry };
  const app = createHttpApp({
    log,
    routes: (routes) => addRoutes(routes, { classifier, health, metrics, maxBodyBytes }),
  });
  return { server: await listen(app, options), metrics };
}

interface Watchers {
  readonly announcer: Announcer;
  readonly metrics: InferenceMetrics;
  readonly log: Logger;
}

function watchCatalogue(catalogue: Catalogue, { announcer, metrics, log }: Watchers): void {
  catalogue.observe({
    onChange: (served) => {
      const { model, version, state } = served;
      announcer.tell(served);
      if (state !== 'loading') metrics.modelLoads.inc({ model, outcome: state });
      if (state === 'ready') log.info({ model, version }, 'a model answers');
    },
    onDropped: (served) => announcer.withdraw(served),
  });
}

async function temporaryDirectory(closers: Closers): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'bluewaters-models-'));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** An address that others can use: one that means "everywhere" is no address to go to. */
function publicAddress(host: string, server: HttpServer): string {
  return host === '0.0.0.0' || host === '::' ? `http://${hostname()}:${server.port}` : server.address;
}

async function closeAll(closers: Closers): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}
