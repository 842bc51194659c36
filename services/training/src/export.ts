import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Evaluation } from '@bluewaters/messages';
import type { ModelEntry } from '@bluewaters/records';
import { averageName, Session } from '@bluewaters/tensorflow';
import type { Checkpoint } from './checkpoints.js';
import { provenanceOf } from './parent.js';
import { announceVersion, nextVersion, readVersions, signatureOf, storeVersion } from './registry.js';
import type { OpenedRun, RunContext } from './run-context.js';
import { buildServingGraph, writeServingModel } from './serving-graph.js';

/** What becomes a model. */
export interface TrainedWeights {
  readonly checkpoint: Checkpoint;
  readonly evaluation: Evaluation;
}

/**
 * Exports the weights as a SavedModel with its preprocessing inside, stores it, and enters it in the registry, entry
 * last. Asked again for the same step of the same run it finds the version that is there.
 *
 * @returns The version.
 */
export async function registerModel(run: RunContext, weights: TrainedWeights): Promise<number> {
  const entry = await storeModel(run, weights);
  await announceVersion(run.bus, entry);
  return entry.version;
}

/** What an export needs of its run. */
export type ExportedRun = Pick<
  OpenedRun,
  'store' | 'workDirectory' | 'threads' | 'report' | 'request' | 'manifest' | 'network' | 'input' | 'code' | 'parent'
>;

/** As {@link registerModel}, and tells nobody. */
export async function storeModel(run: ExportedRun, weights: TrainedWeights): Promise<ModelEntry> {
  const versions = await readVersions(run.store, run.request.model);
  const known = versions.find((entry) => entry.run === run.request.run && entry.step === weights.checkpoint.step);
  return known ?? exportVersion(run, weights, nextVersion(versions));
}

async function exportVersion(run: ExportedRun, weights: TrainedWeights, version: number): Promise<ModelEntry> {
  const { request, manifest, input } = run;
  const { checkpoint, evaluation } = weights;
  const { step } = checkpoint;
  run.report({ phase: `exporting ${request.model} version ${version}`, done: 0, unit: 'files' });
  await mkdir(run.workDirectory, { recursive: true });
  const parent = await mkdtemp(join(run.workDirectory, 'export-'));
  try {
    const directory = join(parent, 'saved-model');
    await exportSavedModel(run, checkpoint, directory);
    return await storeVersion(run.store, {
      model: request.model,
      version,
      directory,
      signature: {
        ...signatureOf(input, manifest.classes),
        ...(request.views === 'mirrored' && { views: request.views }),
      },
      provenance: {
        ...{ request, step, evaluation, index: manifest.index, code: run.code },
        ...(run.parent && { parent: provenanceOf(run.parent) }),
      },
      origin: { run: request.run, step, top1: evaluation.top1 },
    });
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

async function exportSavedModel(run: ExportedRun, checkpoint: Checkpoint, directory: string): Promise<void> {
  const serving = buildServingGraph({
    network: run.network,
    input: run.input,
    classes: run.manifest.classes,
    seed: run.request.seed,
    views: run.request.views,
  });
  using graph = serving.graph;
  using session = new Session(graph, { intraOpThreads: run.threads, interOpThreads: run.threads });
  // The averages, where they are kept, are what was evaluated.
  const rename = (name: string): string => (run.request.averageDecay > 0 ? averageName(name) : name);
  await serving.saver.restore(session, checkpoint.prefix, { rename });
  await writeServingModel(directory, serving, session);
}
