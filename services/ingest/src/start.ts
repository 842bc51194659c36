import { tmpdir } from 'node:os';
import { CodedError } from '@bluewaters/errors';
import {
  consumeJobs,
  IndexArchive,
  Indexed,
  Indexes,
  type IngestRequest,
  type IngestResult,
  type JobContext,
  type Progress,
  type Subscription,
} from '@bluewaters/messages';
import { DEFAULT_LIMITS, type ImageLimits } from '@bluewaters/images';
import { indexKeys } from '@bluewaters/records';
import { assertAccess, restrict } from '@bluewaters/registry';
import { keepTold, loadPrometheus, type RunningService, type ServicePorts } from '@bluewaters/service';
import { StoreOptions } from '@bluewaters/storage';
import { z } from 'zod';
import { indexArchive } from './index-archive.js';
import { rebuildIndexes, tableKey } from './indexes.js';
import { takeUnits } from './spread/take-units.js';
import { startWorkers } from './spread/worker-processes.js';

/** Options of the ingest service. */
export const IngestOptions = z.strictObject({
  maxImageBytes: z.int().positive().default(DEFAULT_LIMITS.maxBytes).describe('Refuse pictures of more encoded bytes'),
  maxImagePixels: z
    .int()
    .positive()
    .default(DEFAULT_LIMITS.maxPixels)
    .describe('Refuse pictures of more pixels, width times height'),
  scratch: z.string().min(1).default(tmpdir()).describe('Folder with room for the plain bytes of a compressed archive'),
  workers: z
    .int()
    .min(0)
    .max(1024)
    .default(0)
    .describe(
      'Processes of a core each that index synsets, beside those of other services on the bus; 0: this one, alone',
    ),
  /** The store, once more: workers open it in processes of their own. */
  store: StoreOptions.optional(),
});
/** See {@link IngestOptions:variable}. */
export type IngestOptions = z.infer<typeof IngestOptions>;

/**
 * Starts the ingest service: makes the table of indexes say what the store holds, then takes `ingest.v1.index` jobs, one at
 * a time, and units of archives that services with workers index.
 *
 * @throws {CodedError} CONFIG_INVALID for workers that could not see the store.
 */
export async function start(options: IngestOptions, ports: ServicePorts): Promise<RunningService> {
  const told = await keepTold(ports, () => rebuildIndexes(ports));
  const { Counter } = loadPrometheus();
  const images = new Counter({
    name: 'bluewaters_ingest_images_total',
    help: 'Images in indexes that were completed',
    registers: [ports.metrics],
  });
  const units = await startUnits(options, ports);
  const jobs = await consumeJobs(ports.bus, IndexArchive, async (request, context) => {
    const result = await indexAndTell(request, context, options, ports);
    images.inc(result.examples);
    return result;
  });
  const stop = async (): Promise<void> => {
    await jobs.stop();
    await units.stop();
    await told.stop();
  };
  return { name: 'ingest', readiness: () => ({ ready: true }), stop };
}

/** Whoever indexes synsets for others: processes of this service, or itself. */
async function startUnits(options: IngestOptions, ports: ServicePorts): Promise<Subscription> {
  const { workers, store, scratch } = options;
  const limits = limitsOf(options);
  if (workers === 0) return takeUnits({ ...ports, scratch, limits });
  if (store && store.kind !== 'memory') return startWorkers(workers, { store, scratch, limits }, ports);
  throw new CodedError('CONFIG_INVALID', 'Workers in other processes cannot see this store', {
    details: { field: 'workers', expected: '0, or a folder or MinIO', got: `${workers}` },
  });
}

function limitsOf({ maxImageBytes, maxImagePixels }: IngestOptions): ImageLimits {
  return { maxBytes: maxImageBytes, maxPixels: maxImagePixels };
}

async function indexAndTell(
  request: IngestRequest,
  context: JobContext,
  options: IngestOptions,
  { bus, store, log }: ServicePorts,
): Promise<IngestResult> {
  const { job, signal, person } = context;
  const { scratch, workers } = options;
  const terms = await assertAccess(store, request.dataset, person);
  if (terms) await restrict(store, indexKeys.prefix(request.dataset), terms);
  const report = (progress: Progress): void => context.report(progress);
  const limits = limitsOf(options);
  const spread = workers > 0 ? { bus, person } : undefined;
  const result = await indexArchive(request, { store, limits, scratch, signal, report, spread });
  await (await bus.state(Indexes)).put(tableKey(result), result);
  await bus.publish(Indexed, result);
  log.info({ job, ...result }, 'indexed');
  return result;
}
