/**
 * The training of one rank, from manifest to registered model. It does not know who started it (`rank.main.ts` in a
 * child process, or a batch job), nor how the graph is made (`training-graph.ts`). Where there are more ranks it is the
 * first, and tells the others (`follow.ts`) what comes next. In one epoch:
 *
 *     start the input pipeline with the epoch's own order
 *     for each step: one call of TensorFlow reads, decodes, goes forward and back, and updates
 *                    every so often: summary, checkpoint, progress; a request to stop is seen here
 *     evaluate on the validation split, which may end the run
 *
 * At the end the weights of the last epoch, or of the best, become the model.
 */
import { CodedError, toCodedError } from '@bluewaters/errors';
import type { TrainRequest, TrainResult } from '@bluewaters/messages';
import { registerModel } from './export.js';
import type { Start } from './follow.js';
import { Lease } from './lease.js';
import { bringShards, findCorruptRecord, type LocalShards } from './local-shards.js';
import { ALONE, inTurns } from './ranks.js';
import { openRun, type RankPorts, type RunContext } from './run-context.js';
import { assertSameRun, resultOf, storedRunEntry, type RunEntry } from './run-entry.js';
import { TrainingSession } from './training-session.js';

/**
 * Trains until the run has had its epochs, from its last checkpoint if it has one, and registers the model.
 *
 * @throws {CodedError} RUN_HELD when another process works on the run; INTERRUPTED when `ports.signal` was aborted, after a checkpoint; RECORD_CORRUPT, SHARD_MISSING,
 * CONFIG_INVALID and what TensorFlow says otherwise.
 */
export async function train(request: TrainRequest, ports: RankPorts): Promise<TrainResult> {
  const { store, signal, patient = false, report, ranks = ALONE } = ports;
  // Whoever only asks again disturbs nobody who works on the run, and writes nothing.
  const finished = finishedResult(request, await storedRunEntry(store, request.run));
  if (finished) {
    await ranks.broadcast<Start>('over');
    return finished;
  }
  const lease = await Lease.take(store, request.run, {
    patient,
    signal,
    onWait: (holder) => report({ phase: `waiting for ${holder}, which holds the run`, done: 0, unit: 'steps' }),
  });
  try {
    return await trainRun({ ...(await openRun(request, ports)), lease });
  } finally {
    await lease.release();
  }
}

async function trainRun(run: RunContext): Promise<TrainResult> {
  const finished = finishedResult(run.request, run.entry); // while this one waited for the lease
  await run.ranks.broadcast<Start>(finished ? 'over' : 'goes on');
  if (finished) return finished;
  const cache = `${run.workDirectory}/shards/${run.request.dataset}`;
  const shards = await inTurns(run.ranks, () => bringShards(run.store, run.manifest, { cache, report: run.report }));
  try {
    return await trainOn(run, shards);
  } catch (error) {
    throw await explain(error, shards);
  }
}

async function trainOn(run: RunContext, shards: LocalShards): Promise<TrainResult> {
  const session = await TrainingSession.open(run, shards);
  try {
    if (session.awaitsEvaluation) await session.evaluate();
    while (!session.isOver) {
      await run.ranks.broadcast<Start>('goes on');
      await session.trainEpoch();
      if (session.awaitsEvaluation) await session.evaluate();
    }
    await run.ranks.broadcast<Start>('over');
    const version = await registerModel(run, await session.choose());
    const result = resultOf(await session.finish(version), run.request);
    if (!result) throw new CodedError('INTERNAL', 'A run that is done has no result');
    const { imagesPerSecond } = session;
    return { ...result, ...(imagesPerSecond === undefined ? {} : { imagesPerSecond }) };
  } finally {
    await session.close();
  }
}

/** The result of a run that came to its end at an earlier start. */
function finishedResult(request: TrainRequest, entry: RunEntry | undefined): TrainResult | undefined {
  const result = entry && resultOf(entry, request);
  if (result) assertSameRun(entry, request);
  return result;
}

/** TensorFlow says only that data is lost; the user needs the file and the offset. */
async function explain(error: unknown, shards: LocalShards): Promise<CodedError> {
  const coded = toCodedError(error, 'TENSORFLOW_FAILED');
  if (coded.code !== 'RECORD_CORRUPT' || coded.details.file !== undefined) return coded;
  return (await findCorruptRecord([...shards.train, ...shards.validation])) ?? coded;
}
