import { tmpdir } from 'node:os';
import {
  consumeJobs,
  IndexArchive,
  Indexed,
  Indexes,
  type IngestRequest,
  type IngestResult,
  type JobContext,
  type Progress,
} from '@bluewaters/messages';
import { DEFAULT_LIMITS } from '@bluewaters/images';
import { indexKeys } from '@bluewaters/records';
import { assertAccess, restrict } from '@bluewaters/registry';
import { Counter, keepTold, type RunningService, type ServicePorts } from '@bluewaters/service';
import { z } from 'zod';
import { indexArchive } from './index-archive.js';
import { rebuildIndexes } from './indexes.js';

/** Options of the ingest service. */
export const IngestOptions = z.strictObject({
  maxImageBytes: z.int().positive().default(DEFAULT_LIMITS.maxBytes).describe('Refuse pictures of more encoded bytes'),
  maxImagePixels: z
    .int()
    .positive()
    .default(DEFAULT_LIMITS.maxPixels)
    .describe('Refuse pictures of more pixels, width times height'),
  scratch: z.string().min(1).default(tmpdir()).describe('Folder with room for the plain bytes of a compressed archive'),
});
/** See {@link IngestOptions:variable}. */
export type IngestOptions = z.infer<typeof IngestOptions>;

/**
 * Starts the ingest service: makes the table of indexes say what the store holds, then takes `ingest.v1.index` jobs, one at
 * a time.
 */
export async function start(options: IngestOptions, ports: ServicePorts): Promise<RunningService> {
  const told = await keepTold(ports, () => rebuildIndexes(ports));
  const images = new Counter({
    name: 'bluewaters_ingest_images_total',
    help: 'Images in indexes that were completed',
    registers: [ports.metrics],
  });
  const jobs = await consumeJobs(ports.bus, IndexArchive, async (request, context) => {
    const result = await indexAndTell(request, context, options, ports);
    images.inc(result.examples);
    return result;
  });
  const stop = async (): Promise<void> => {
    await jobs.stop();
    await told.stop();
  };
  return { name: 'ingest', readiness: () => ({ ready: true }), stop };
}

async function indexAndTell(
  request: IngestRequest,
  context: JobContext,
  { maxImageBytes, maxImagePixels, scratch }: IngestOptions,
  { bus, store, log }: ServicePorts,
): Promise<IngestResult> {
  const { job, signal, person } = context;
  const terms = await assertAccess(store, request.dataset, person);
  if (terms) await restrict(store, indexKeys.prefix(request.dataset), terms);
  const report = (progress: Progress): void => context.report(progress);
  const limits = { maxBytes: maxImageBytes, maxPixels: maxImagePixels };
  const result = await indexArchive(request, { store, limits, scratch, signal, report });
  await (await bus.state(Indexes)).put(result.dataset, result);
  await bus.publish(Indexed, result);
  log.info({ job, ...result }, 'indexed');
  return result;
}
