/** Writing SavedModels: a folder that appears whole or not at all. */
import { copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CodedError, toCodedError } from '@bluewaters/errors';
import { saver as makeSaver, type Saver } from './checkpoint.js';
import type { Graph } from './graph.js';
import type { Operation } from './operation.js';
import { encodeSavedModel, type SavedModelAsset, type SavedModelSignature } from './saved-model-graph.js';
import type { Session } from './session.js';
import type { Variable } from './variables.js';

/** A model to be written. */
export interface SavedModelOptions {
  readonly graph: Graph;
  /** Has the variables' values. */
  readonly session: Session;
  /** 'serving_default' is what Python and TF Serving take when no name is given. */
  readonly signatures: Readonly<Record<string, SavedModelSignature>>;
  /** The variables that the signatures need. */
  readonly variables: readonly Variable[];
  /** Of exactly these variables, if there is one already; else its operations are added to the graph. */
  readonly saver?: Saver;
  /** By which a loader chooses; 'serve' by default. */
  readonly tags?: readonly string[];
  /** Leaves out what neither a signature nor a variable needs; true by default. */
  readonly stripTraining?: boolean;
  /** Files that the graph reads; each is copied, and needs a name of its own. */
  readonly assets?: readonly SavedModelAsset[];
  /** Runs once when the model is loaded, after the variables are there: what fills tables from assets. */
  readonly initializer?: Operation;
  /** Further files for `assets.extra`, by name; no loader looks at them. */
  readonly extraFiles?: Readonly<Record<string, string | Uint8Array>>;
}

/**
 * Writes a SavedModel that Python, TF Serving (as `NAME/VERSION`) and tfjs-node load. It is written beside and
 * renamed, so that a reader never sees a part of it.
 *
 * @param directory New; the folder around it exists.
 * @throws {CodedError} OBJECT_EXISTS when there is something already; STORE_FULL without space; FILE_NOT_FOUND for an
 * asset; CONFIG_INVALID for two of one name.
 */
export async function writeSavedModel(directory: string, options: SavedModelOptions): Promise<void> {
  const { graph, session, signatures, variables, tags = ['serve'], stripTraining = true, extraFiles = {} } = options;
  const { initializer } = options;
  const assets = nameAssets(options.assets ?? []);
  await refuseExisting(directory);
  const saver = options.saver ?? (variables.length > 0 ? makeSaver(graph.scope(), variables) : undefined);
  const model = encodeSavedModel({ graph, signatures, saver, tags, stripTraining, assets, initializer });
  const beside = `${directory}.writing-${process.pid}`;
  try {
    await mkdir(join(beside, 'variables'), { recursive: true });
    await saver?.save(session, join(beside, 'variables', 'variables'));
    await copyAssets(join(beside, 'assets'), assets);
    await writeFiles(join(beside, 'assets.extra'), extraFiles);
    await writeFiles(beside, { 'saved_model.pb': model });
    await syncFiles(join(beside, 'variables'));
    await rename(beside, directory);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw toCodedError(error);
  }
}

function nameAssets(assets: readonly SavedModelAsset[]): (SavedModelAsset & { readonly name: string })[] {
  const named = assets.map((asset) => ({ ...asset, name: basename(asset.file) }));
  const twice = named.find(({ name }, i) => named.findIndex((other) => other.name === name) !== i);
  if (!twice) return named;
  throw new CodedError('CONFIG_INVALID', 'two assets have one name', {
    details: { file: twice.file, field: 'assets' },
  });
}

async function copyAssets(directory: string, assets: readonly { file: string; name: string }[]): Promise<void> {
  if (assets.length === 0) return;
  await mkdir(directory);
  for (const { file, name } of assets) await copyFile(file, join(directory, name));
  await syncFiles(directory);
}

async function refuseExisting(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => undefined);
  if (!found) return;
  throw new CodedError('OBJECT_EXISTS', 'a SavedModel is never written over', { details: { file: directory } });
}

async function writeFiles(directory: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  const entries = Object.entries(files);
  if (entries.length > 0) await mkdir(directory, { recursive: true });
  for (const [name, contents] of entries) {
    await using file = await open(join(directory, name), 'wx');
    await file.writeFile(contents);
    await file.sync();
  }
}

async function syncFiles(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    await using file = await open(join(directory, name), 'r');
    await file.sync();
  }
}
