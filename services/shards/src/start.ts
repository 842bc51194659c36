import { tmpdir } from 'node:os';
import {
  BuildShards,
  consumeJobs,
  DatasetCommitted,
  Datasets,
  ShardWritten,
  type BuildRequest,
  type BuildResult,
  type JobContext,
} from '@bluewaters/messages';
import { Counter, type RunningService, type ServicePorts } from '@bluewaters/service';
import { z } from 'zod';
import { buildShards } from './build-shards.js';
import { rebuildDatasets } from './datasets.js';

/** Options of the shards service. */
export const ShardsOptions = z.strictObject({
  shardsAtATime: z.int().positive().max(64).default(2).describe('Shards that are written at the same time'),
  scratch: z.string().min(1).default(tmpdir()).describe('Folder with room for the shards that are in work'),
});
/** See {@link ShardsOptions:variable}. */
export type ShardsOptions = z.infer<typeof ShardsOptions>;

/**
 * Starts the shards service: makes the table of datasets say what the store holds, then takes `shards.v1.build` jobs, one
 * at a time.
 */
export async function start(options: ShardsOptions, ports: ServicePorts): Promise<RunningService> {
  await rebuildDatasets(ports.bus, ports.store);
  const images = new Counter({
    name: 'bluewaters_shards_images_total',
    help: 'Images in shards that were stored',
    registers: [ports.metrics],
  });
  const jobs = await consumeJobs(ports.bus, BuildShards, (request, context) =>
    buildAndTell(request, context, options, ports, (count) => images.inc(count)),
  );
  return { name: 'shards', readiness: () => ({ ready: true }), stop: () => jobs.stop() };
}

async function buildAndTell(
  request: BuildRequest,
  { signal, report, job }: JobContext,
  options: ShardsOptions,
  { bus, store, log }: ServicePorts,
  onImages: (count: number) => void,
): Promise<BuildResult> {
  const { dataset } = request;
  const result = await buildShards(request, {
    ...options,
    store,
    signal,
    report,
    onShard: async ({ split, key, examples, sha256 }) => {
      onImages(examples);
      await bus.publish(ShardWritten, { dataset, split, key, examples, sha256 });
    },
  });
  await (await bus.state(Datasets)).put(dataset, result);
  await bus.publish(DatasetCommitted, result);
  log.info({ job, ...result }, 'dataset committed');
  return result;
}
