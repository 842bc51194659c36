/**
 * The training of one rank, from manifest to registered model. It does not know who started it (`rank.main.ts` in a
 * child process, or a batch job), nor how the graph is made (`training-graph.ts`). In one epoch:
 *
 *     start the input pipeline with the epoch's own order
 *     for each step: one call of TensorFlow reads, decodes, goes forward and back, and updates
 *                    every so often: summary, checkpoint, progress; a request to stop is seen here
 *     evaluate on the validation split
 */
import { toCodedError, type CodedError } from '@bluewaters/errors';
import type { TrainRequest, TrainResult } from '@bluewaters/messages';
import { runKeys } from '@bluewaters/records';
import { registerModel } from './export.js';
import { Lease } from './lease.js';
import { bringShards, findCorruptRecord, type LocalShards } from './local-shards.js';
import { openRun, type RankPorts, type RunContext } from './run-context.js';
import { assertSameRun, storedRunEntry, type RunEntry } from './run-entry.js';
import { TrainingSession } from './training-session.js';

/**
 * Trains until the run has had its epochs, from its last checkpoint if it has one, and registers the model.
 *
 * @throws {CodedError} RUN_HELD when another process works on the run; INTERRUPTED when `ports.signal` was aborted, after a checkpoint; RECORD_CORRUPT, SHARD_MISSING,
 * CONFIG_INVALID and what TensorFlow says otherwise.
 */
export async function train(request: TrainRequest, ports: RankPorts): Promise<TrainResult> {
  const { store, signal, patient = false, report } = ports;
  // Whoever only asks again disturbs nobody who works on the run, and writes nothing.
  const finished = finishedResult(request, await storedRunEntry(store, request.run));
  if (finished) return finished;
  const lease = await Lease.take(store, request.run, {
    patient,
    signal,
    onWait: (holder) => report({ phase: `waiting for ${holder}, which holds the run`, done: 0, unit: 'steps' }),
  });
  try {
    return await trainRun(await openRun(request, { ...ports, lease }));
  } finally {
    await lease.release();
  }
}

async function trainRun(run: RunContext): Promise<TrainResult> {
  const finished = finishedResult(run.request, run.entry); // while this one waited for the lease
  if (finished) return finished;
  const shards = await bringShards(run.store, run.manifest, {
    cache: `${run.workDirectory}/shards/${run.request.dataset}`,
    report: run.report,
  });
  try {
    return await trainOn(run, shards);
  } catch (error) {
    throw await explain(error, shards);
  }
}

async function trainOn(run: RunContext, shards: LocalShards): Promise<TrainResult> {
  const session = await TrainingSession.open(run, shards);
  try {
    while (session.position.step < run.totalSteps) {
      await session.trainEpoch();
      await session.evaluate();
    }
    const evaluation = session.evaluation ?? (await session.evaluate());
    const checkpoint = await session.checkpoint();
    const version = await registerModel(run, { checkpoint, evaluation });
    await session.report(version);
    await session.finish(version);
    return {
      run: run.request.run,
      model: run.request.model,
      version,
      steps: session.position.step,
      epochs: session.position.epoch,
      evaluation,
      ...(session.imagesPerSecond === undefined ? {} : { imagesPerSecond: session.imagesPerSecond }),
      checkpointPrefix: runKeys.checkpoints(run.request.run),
    };
  } finally {
    await session.close();
  }
}

/** The result of a run that has had all its epochs at an earlier start. */
function finishedResult(request: TrainRequest, entry: RunEntry | undefined): TrainResult | undefined {
  if (entry?.state !== 'done' || entry.epoch < request.epochs) return undefined;
  assertSameRun(entry, request);
  const { version, evaluation, step, epoch } = entry;
  if (version === undefined || evaluation === undefined) return undefined;
  const { run, model } = request;
  return { run, model, version, steps: step, epochs: epoch, evaluation, checkpointPrefix: runKeys.checkpoints(run) };
}

/** TensorFlow says only that data is lost; the user needs the file and the offset. */
async function explain(error: unknown, shards: LocalShards): Promise<CodedError> {
  const coded = toCodedError(error, 'TENSORFLOW_FAILED');
  if (coded.code !== 'RECORD_CORRUPT' || coded.details.file !== undefined) return coded;
  return (await findCorruptRecord([...shards.train, ...shards.validation])) ?? coded;
}
