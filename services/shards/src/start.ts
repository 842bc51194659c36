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
  type Progress,
} from '@bluewaters/messages';
import { datasetKeys } from '@bluewaters/records';
import { assertAccess, restrict } from '@bluewaters/registry';
import { keepTold, loadPrometheus, type RunningService, type ServicePorts } from '@bluewaters/service';
import { z } from 'zod';
import { buildShards } from './build-shards.js';
import type { StoredShard } from './context.js';
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
  const told = await keepTold(ports, () => rebuildDatasets(ports));
  const { Counter } = loadPrometheus();
  const images = new Counter({
    name: 'bluewaters_shards_images_total',
    help: 'Images in datasets that were completed',
    registers: [ports.metrics],
  });
  const jobs = await consumeJobs(ports.bus, BuildShards, async (request, context) => {
    const result = await buildAndTell(request, context, options, ports);
    const { train, validation, testing } = result.splits;
    images.inc(train.examples + validation.examples + (testing?.examples ?? 0));
    return result;
  });
  const stop = async (): Promise<void> => {
    await jobs.stop();
    await told.stop();
  };
  return { name: 'shards', readiness: () => ({ ready: true }), stop };
}

async function buildAndTell(
  request: BuildRequest,
  context: JobContext,
  options: ShardsOptions,
  { bus, store, log }: ServicePorts,
): Promise<BuildResult> {
  const { dataset } = request;
  const { job, signal, person } = context;
  const terms = await assertAccess(store, dataset, person);
  if (terms) await restrict(store, datasetKeys.prefix(dataset), terms);
  const report = (progress: Progress): void => context.report(progress);
  const onShard = ({ split, key, examples, sha256 }: StoredShard): Promise<void> =>
    bus.publish(ShardWritten, { dataset, split, key, examples, sha256 });
  const result = await buildShards(request, { ...options, store, signal, report, onShard });
  await (await bus.state(Datasets)).put(dataset, result);
  await bus.publish(DatasetCommitted, result);
  log.info({ job, ...result }, 'dataset committed');
  return result;
}
