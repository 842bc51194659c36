/**
 * The steps of the line as the command asks for them: index an archive, build shards, train, each a job that a service
 * does, with its progress shown. Where the services run (in this process or elsewhere) makes no difference here.
 */
import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { CodedError } from '@bluewaters/errors';
import {
  BuildShards,
  ImportModel,
  EvaluateModel,
  ExportCheckpoint,
  IndexArchive,
  submitJob,
  Train,
  type BuildRequest,
  type BuildResult,
  type ImportRequest,
  type ImportResult,
  type EvaluateRequest,
  type EvaluateResult,
  type ExportRequest,
  type ExportResult,
  type IngestRequest,
  type IngestResult,
  type JobEnvelope,
  type JobRecord,
  type Source,
  type TrainRequest,
  type TrainResult,
  type WorkDefinition,
} from '@bluewaters/messages';
import type { Workplace } from './workplace.js';
import { whoAsks } from './person.js';
import { formatCount, formatSeconds, percent } from './terminal.js';
import type { VerbContext } from './verb.js';

/** Seconds without a taker after which the user is told that no service is there. */
const UNTAKEN_AFTER_MS = 10_000;

/** What every step is given. */
export interface LineContext extends Pick<VerbContext, 'terminal' | 'signal'> {
  readonly workplace: Workplace;
}

/** Indexes an archive. */
export async function indexArchive(context: LineContext, request: IngestRequest): Promise<IngestResult> {
  await context.workplace.need('ingest');
  const { result, seconds } = await follow(context, IndexArchive, { title: 'ingest', request });
  const odd = [
    result.boxes > 0 ? `${formatCount(result.boxes)} boxes` : '',
    result.repaired > 0 ? `${formatCount(result.repaired)} repaired` : '',
    result.refused > 0 ? `${formatCount(result.refused)} refused` : '',
  ].filter(Boolean);
  const split = result.split === undefined ? '' : ` for ${result.split}`;
  const images = `${formatCount(result.examples)} images${split} of ${formatCount(result.synsets)} synsets`;
  context.terminal.endProgress(`  ingest: ${[images, ...odd].join(', ')} in ${formatSeconds(seconds)}`);
  return result;
}

/** Builds the shards of a dataset. */
export async function buildShards(context: LineContext, request: BuildRequest): Promise<BuildResult> {
  await context.workplace.need('shards');
  const { result, seconds } = await follow(context, BuildShards, { title: 'shards', request });
  const { train, validation, testing } = result.splits;
  const test = testing ? `, ${formatCount(testing.examples)} to test in ${testing.shards}` : '';
  context.terminal.endProgress(
    `  shards: ${formatCount(train.examples)} records to train on in ${train.shards} shards, ` +
      `${formatCount(validation.examples)} to validate in ${validation.shards}${test}, in ${formatSeconds(seconds)}`,
  );
  return result;
}

/** Trains a network. */
export async function trainNetwork(context: LineContext, request: TrainRequest): Promise<TrainResult> {
  await context.workplace.need('training');
  const { result, seconds } = await follow(context, Train, { title: 'training', request });
  const rate = result.imagesPerSecond === undefined ? '' : ` at ${formatCount(result.imagesPerSecond)} images/s`;
  context.terminal.endProgress(
    `  training: ${formatCount(result.steps)} steps${rate} in ${formatSeconds(seconds)}; ` +
      `${percent(result.evaluation.top1, 2)} right on ${formatCount(result.evaluation.examples)} held-out images` +
      describeEpochs(result),
  );
  return result;
}

/** Which epoch was best, and whether that ended the run. */
function describeEpochs({ best, epochs, exported, stoppedEarly }: TrainResult): string {
  const ended = stoppedEarly ? `; stopped early after epoch ${epochs}` : '';
  if (!best || best.epoch === epochs) return ended;
  if (exported === 'best') return `, by the weights of epoch ${best.epoch}${ended}`;
  return `; the best was epoch ${best.epoch} with ${percent(best.evaluation.top1, 2)}${ended}`;
}

/** Enters published weights in the registry. */
export async function importModel(context: LineContext, request: ImportRequest): Promise<ImportResult> {
  await context.workplace.need('training');
  const { result, seconds } = await follow(context, ImportModel, { title: 'import', service: 'training', request });
  const { model, version, imported, fresh } = result;
  const anew = fresh.length > 0 ? `, ${formatCount(fresh.length)} anew` : '';
  context.terminal.endProgress(
    `  import: ${formatCount(imported)} variables from the file${anew}; ` +
      `${model} version ${version} in ${formatSeconds(seconds)}`,
  );
  return result;
}

/** Evaluates a registered model. */
export async function evaluateOn(context: LineContext, request: EvaluateRequest): Promise<EvaluateResult> {
  await context.workplace.need('training');
  const { result, seconds } = await follow(context, EvaluateModel, {
    title: 'evaluation',
    service: 'training',
    request,
  });
  const { evaluation, imagesPerSecond, model, version } = result;
  context.terminal.endProgress(
    `  ${model} version ${version}: ${percent(evaluation.top1, 2)} right, ${percent(evaluation.top5, 2)} among the ` +
      `first five, of ${formatCount(evaluation.examples)} images at ${formatCount(imagesPerSecond)} images/s ` +
      `in ${formatSeconds(seconds)}`,
  );
  return result;
}

/** Registers a checkpoint of a run as a model. */
export async function exportCheckpoint(context: LineContext, request: ExportRequest): Promise<ExportResult> {
  await context.workplace.need('training');
  const work = { title: 'export', service: 'training', request };
  const { result, seconds } = await follow(context, ExportCheckpoint, work);
  const { run, step, model, version, evaluation } = result;
  context.terminal.endProgress(
    `  ${run} at step ${formatCount(step)} is ${model} version ${version}: ${percent(evaluation.top1, 2)} right on ` +
      `${formatCount(evaluation.examples)} held-out images, in ${formatSeconds(seconds)}`,
  );
  return result;
}

/** Submits a job and shows its progress until it has ended. */
async function follow<Request, Result>(
  { workplace, terminal, signal }: LineContext,
  work: WorkDefinition<JobEnvelope<Request>, Result>,
  { title, request, service = title }: { readonly title: string; readonly request: Request; readonly service?: string },
): Promise<{ result: Result; seconds: number }> {
  const startedAt = performance.now();
  const untaken = setTimeout(() => {
    terminal.say(
      `  ${title}: no ${service} service has taken the job yet; is one running on ${workplace.bus.description}?`,
    );
  }, UNTAKEN_AFTER_MS);
  const onRecord = (record: JobRecord): void => {
    if (record.state !== 'queued') clearTimeout(untaken);
    terminal.progress(title, record);
  };
  try {
    const job = `${title}-${randomUUID()}`;
    const result = await submitJob(workplace.bus, work, request, { job, person: whoAsks(), onRecord, signal });
    return { result, seconds: (performance.now() - startedAt) / 1000 };
  } finally {
    clearTimeout(untaken);
  }
}

/**
 * Names an input file for the services: as it lies, where the store is a folder that they see too; else it is copied
 * into the store first, below `archives/` and the folder. `store:KEY` names an object that is there already.
 */
export async function asSource({ workplace, terminal }: LineContext, text: string, folder: string): Promise<Source> {
  if (text.startsWith('store:')) return { key: text.slice('store:'.length) };
  const path = resolve(text);
  const found = await stat(path).catch(() => undefined);
  if (workplace.storeOptions.kind === 'directory') return { path };
  if (found?.isDirectory()) {
    throw new CodedError('CONFIG_INVALID', 'A folder can be read only where the store is a folder, too', {
      details: { file: path, expected: 'a tar, for this store', got: 'a folder' },
    });
  }
  const key = `archives/${folder}/${basename(path)}`;
  terminal.say(`  copying ${basename(path)} into ${workplace.store.description}`);
  await workplace.store.putFile(key, path);
  return { key };
}
