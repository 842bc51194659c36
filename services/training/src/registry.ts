/** The model registry: `models/NAME/VERSION/` of the store, which training alone writes. */
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { isCodedError } from '@bluewaters/errors';
import { ModelRegistered, Models, type MessageBus } from '@bluewaters/messages';
import type { InputContract } from '@bluewaters/models';
import {
  encodeProvenance,
  modelKeys,
  parseModelEntry,
  type ModelClass,
  type ModelEntry,
  type Provenance,
  type Signature,
} from '@bluewaters/records';
import { filesBelow, type ObjectStore } from '@bluewaters/storage';
import { digestFile } from './files.js';
import { modelRecord } from './model-record.js';

/** What becomes a version of a model. */
export interface NewVersion {
  readonly model: string;
  /** The version's number, or a higher one where another process has just taken that. */
  readonly version: number;
  /** Folder with its SavedModel. */
  readonly directory: string;
  readonly signature: Signature;
  /** Goes to `provenance.json`: what was asked, what came of it, and the code that made it. */
  readonly provenance: Provenance;
  /** Where its weights come from, for its entry. */
  readonly origin: Pick<ModelEntry, 'run' | 'step' | 'top1' | 'imported'>;
}

/** Complete versions of a model, ascending. */
export async function readVersions(store: ObjectStore, model: string): Promise<ModelEntry[]> {
  const entries: ModelEntry[] = [];
  for await (const { key } of store.list(`${modelKeys.root}${model}/`)) {
    if (key.endsWith('/entry.json')) entries.push(parseModelEntry(await store.get(key), { file: key }));
  }
  return entries.sort((a, b) => a.version - b.version);
}

/** The number that the next version of a model gets. @param versions Of {@link readVersions}. */
export function nextVersion(versions: readonly ModelEntry[]): number {
  return (versions.at(-1)?.version ?? 0) + 1;
}

/** Stores a version, its entry last. What it takes and gives also lies within the SavedModel, in `assets.extra`. */
export async function storeVersion(store: ObjectStore, made: NewVersion): Promise<ModelEntry> {
  const { model, directory, signature, provenance, origin } = made;
  const version = await claimVersion(store, made);
  await mkdir(join(directory, 'assets.extra'), { recursive: true });
  await writeFile(join(directory, 'assets.extra/signature.json'), json(signature));
  const files = await storeFiles(store, directory, modelKeys.prefix(model, version));
  await store.put(modelKeys.signature(model, version), json(signature));
  const stored = { ...provenance, format: 'bluewaters.provenance.v1' } as const;
  await store.put(modelKeys.provenance(model, version), encodeProvenance(stored));
  const entry: ModelEntry = {
    format: 'bluewaters.model.v1',
    model,
    version,
    ...origin,
    signatureKey: modelKeys.signature(model, version),
    files,
    createdAt: new Date().toISOString(),
  };
  await store.put(modelKeys.entry(model, version), json(entry));
  return entry;
}

/** Tells the bus of a version that is stored. */
export async function announceVersion(bus: MessageBus, entry: ModelEntry): Promise<void> {
  const record = modelRecord(entry);
  await (await bus.state(Models)).put(`${record.model}.${record.version}`, record);
  await bus.publish(ModelRegistered, record);
}

/** What goes into a model and what comes out, for whoever serves it. */
export function signatureOf(input: InputContract, classes: readonly ModelClass[]): Signature {
  return {
    format: 'bluewaters.signature.v1',
    ...input,
    mean: [...input.mean],
    std: [...input.std],
    crop: input.crop ?? 'squeeze',
    colourOrder: input.colourOrder ?? 'RGB',
    classes: [...classes],
    outputs: classes.length + 1,
    background: 0,
    inputKey: 'image_bytes',
    outputKeys: ['probabilities', 'top_probabilities', 'top_labels', 'top_synsets'],
  };
}

/** The first number from the wanted one on that is free, or that this very origin claimed before it was killed. */
async function claimVersion(store: ObjectStore, { model, version, origin }: NewVersion): Promise<number> {
  const claim = json({ run: origin.run, step: origin.step, imported: origin.imported?.digest });
  for (let candidate = version; ; candidate += 1) {
    const key = modelKeys.claim(model, candidate);
    try {
      await store.put(key, claim, { ifAbsent: true });
      return candidate;
    } catch (error) {
      if (!isCodedError(error, 'OBJECT_EXISTS')) throw error;
      if (Buffer.from(await store.get(key)).toString('utf8') === claim) return candidate;
    }
  }
}

async function storeFiles(store: ObjectStore, directory: string, prefix: string): Promise<ModelEntry['files']> {
  const files: ModelEntry['files'] = [];
  for (const name of await filesBelow(directory)) {
    const path = join(directory, name);
    if (!(await stat(path)).isFile()) continue;
    const key = prefix + name.split(sep).join('/');
    await store.putFile(key, path);
    files.push({ key, ...(await digestFile(path)) });
  }
  return files;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
