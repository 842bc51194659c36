import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { ModelRegistered, Models, type Evaluation } from '@bluewaters/messages';
import { modelKeys, parseModelEntry, type ModelEntry, type Signature } from '@bluewaters/records';
import { Session, writeSavedModel } from '@bluewaters/tensorflow';
import type { Checkpoint } from './checkpoints.js';
import { digestFile } from './files.js';
import { modelRecord } from './model-record.js';
import type { RunContext } from './run-context.js';
import { buildServingGraph } from './serving-graph.js';

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
  const { model } = run.request;
  const versions = await readVersions(run, model);
  const known = versions.find((entry) => entry.run === run.request.run && entry.step === weights.checkpoint.step);
  const entry = known ?? (await storeVersion(run, weights, (versions.at(-1)?.version ?? 0) + 1));
  await announce(run, entry);
  return entry.version;
}

/** Complete versions of a model, ascending. */
async function readVersions({ store }: RunContext, model: string): Promise<ModelEntry[]> {
  const entries: ModelEntry[] = [];
  for await (const { key } of store.list(`${modelKeys.root}${model}/`)) {
    if (key.endsWith('/entry.json')) entries.push(parseModelEntry(await store.get(key), { file: key }));
  }
  return entries.sort((a, b) => a.version - b.version);
}

async function storeVersion(run: RunContext, weights: TrainedWeights, version: number): Promise<ModelEntry> {
  run.report({ phase: `exporting ${run.request.model} version ${version}`, done: 0, unit: 'files' });
  await mkdir(run.workDirectory, { recursive: true });
  const parent = await mkdtemp(join(run.workDirectory, 'export-'));
  try {
    const directory = join(parent, 'saved-model');
    await exportSavedModel(run, weights.checkpoint, directory);
    const files = await storeFiles(run, directory, modelKeys.prefix(run.request.model, version));
    return await writeEntry(run, weights, { version, files });
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

async function exportSavedModel(run: RunContext, checkpoint: Checkpoint, directory: string): Promise<void> {
  const serving = buildServingGraph({
    network: run.network,
    input: run.input,
    classes: run.manifest.classes,
    seed: run.request.seed,
  });
  using graph = serving.graph;
  using session = new Session(graph, { intraOpThreads: run.threads, interOpThreads: run.threads });
  await serving.saver.restore(session, checkpoint.prefix);
  await writeSavedModel(directory, {
    graph,
    session,
    variables: serving.variables,
    saver: serving.saver,
    signatures: { serving_default: serving.signature },
  });
}

async function storeFiles({ store }: RunContext, directory: string, prefix: string): Promise<ModelEntry['files']> {
  const files: ModelEntry['files'] = [];
  for (const name of (await readdir(directory, { recursive: true })).sort()) {
    const path = join(directory, name);
    if (!(await stat(path)).isFile()) continue;
    const key = prefix + name.split(sep).join('/');
    await store.putFile(key, path);
    files.push({ key, ...(await digestFile(path)) });
  }
  return files;
}

async function writeEntry(
  run: RunContext,
  { checkpoint, evaluation }: TrainedWeights,
  stored: { version: number; files: ModelEntry['files'] },
): Promise<ModelEntry> {
  const { store, request, manifest, input, outputs } = run;
  const { model } = request;
  const { version, files } = stored;
  const signature: Signature = {
    ...input,
    mean: [...input.mean],
    std: [...input.std],
    crop: input.crop ?? 'squeeze',
    colourOrder: 'RGB',
    classes: manifest.classes,
    outputs,
    background: 0,
    inputKey: 'image_bytes',
    outputKeys: ['probabilities', 'top_probabilities', 'top_labels', 'top_synsets'],
  };
  const provenance = { request, step: checkpoint.step, evaluation, index: manifest.index };
  await store.put(modelKeys.signature(model, version), json(signature));
  await store.put(modelKeys.provenance(model, version), json(provenance));
  const entry: ModelEntry = {
    format: 'bluewaters.model.v1',
    model,
    version,
    run: request.run,
    step: checkpoint.step,
    top1: evaluation.top1,
    signatureKey: modelKeys.signature(model, version),
    files,
    createdAt: new Date().toISOString(),
  };
  await store.put(modelKeys.entry(model, version), json(entry));
  return entry;
}

async function announce({ bus }: RunContext, entry: ModelEntry): Promise<void> {
  const record = modelRecord(entry);
  await (await bus.state(Models)).put(`${record.model}.${record.version}`, record);
  await bus.publish(ModelRegistered, record);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
