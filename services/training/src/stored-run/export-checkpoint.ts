/** Makes a registered model of a whole checkpoint, whatever became of the job that wrote it. */
import { CodedError } from '@bluewaters/errors';
import { openBus, type Evaluation, type ExportRequest, type ExportResult, type Progress } from '@bluewaters/messages';
import { modelKeys, type ModelEntry } from '@bluewaters/records';
import { assertAccess } from '@bluewaters/registry';
import type { ObjectStore } from '@bluewaters/storage';
import type { Checkpoint } from '../checkpoints.js';
import { evaluateWeights } from '../evaluate-step.js';
import { storeModel } from '../export.js';
import { bringShards } from '../local-shards.js';
import type { TrainingOptions } from '../options.js';
import { positionAt } from '../position.js';
import { readParts, type OpenedRun } from '../run-context.js';
import { TrainingEngine } from '../training-engine.js';
import { StoredRun } from './stored-run.js';

/** What an export leaves behind: the entry, for whoever tells the bus, and the answer. */
export interface ExportedCheckpoint {
  readonly entry: ModelEntry;
  readonly result: ExportResult;
}

/** What an export needs beside the request. */
export interface ExportPorts extends Pick<TrainingOptions, 'workDirectory' | 'threads'> {
  readonly store: ObjectStore;
  readonly report: (progress: Progress) => void;
  /** Who asks, for a run on a dataset with terms. */
  readonly person?: string | undefined;
}

/**
 * Exports a checkpoint with the figures that training found for its step, or that it finds now. The run stays as it is.
 *
 * @throws {CodedError} RUN_UNKNOWN; ACCESS_REFUSED; CHECKPOINT_INVALID when the checkpoint or `run.json` is not whole; what training
 * says of a dataset that is gone or has changed.
 */
export async function exportCheckpoint(request: ExportRequest, ports: ExportPorts): Promise<ExportedCheckpoint> {
  const stored = await StoredRun.open({ ...ports, run: request.run });
  const checkpoint = await stored.at(request.step);
  const run = await asRun(stored, request, ports);
  const known = stored.entry?.evaluations.find(({ step }) => step === checkpoint.step)?.evaluation;
  const evaluation = known ?? (await evaluateCheckpoint(run, checkpoint));
  const entry = await storeModel(run, { checkpoint, evaluation });
  const { model, version } = entry;
  const { step } = checkpoint;
  const prefix = modelKeys.prefix(model, version);
  return { entry, result: { run: request.run, step, model, version, evaluation, prefix } };
}

/** The run as training has it, but for the right to write it. */
async function asRun(stored: StoredRun, { run, model }: ExportRequest, ports: ExportPorts): Promise<OpenedRun> {
  const { entry, unreadable, checkpoints, mirror } = stored;
  if (!entry) {
    throw new CodedError('CHECKPOINT_INVALID', `Nobody knows how the run ${run} was started`, {
      details: { file: `${checkpoints.path}/run.json`, expected: 'bluewaters.run.v1', got: 'nothing that can be read' },
      cause: unreadable,
    });
  }
  await assertAccess(ports.store, entry.request.dataset, ports.person);
  const parts = await readParts({ ...entry.request, model: model ?? entry.request.model }, ports);
  const bus = await openBus({ kind: 'in-process' }); // whoever asked tells of the model
  const { signal } = new AbortController();
  return { ...ports, ...parts, bus, signal, directory: checkpoints.path, checkpoints, mirror, entry };
}

/** Evaluates on the whole validation split. */
async function evaluateCheckpoint(run: OpenedRun, checkpoint: Checkpoint): Promise<Evaluation> {
  const { request, manifest, report } = run;
  const cache = `${run.workDirectory}/shards/${request.dataset}`;
  const shards = await bringShards(run.store, manifest, { cache, report });
  using engine = new TrainingEngine(run, shards, positionAt(checkpoint.step, run.stepsPerEpoch).epoch);
  await engine.goTo(checkpoint);
  const { metrics } = await evaluateWeights(engine, {
    ...{ run, shards },
    report: (figures) => report({ phase: 'evaluating', ...figures }),
  });
  const { confusion: _, ...evaluation } = metrics;
  return evaluation;
}
