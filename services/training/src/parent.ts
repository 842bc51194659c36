/** Training from a registered model: what a run takes over from it, and how what it took is trained on. */
import { join } from 'node:path';
import { CodedError } from '@bluewaters/errors';
import type { TrainRequest } from '@bluewaters/messages';
import type { InputContract, Network } from '@bluewaters/models';
import { modelKeys, type Manifest } from '@bluewaters/records';
import { localModel, networkOf, readVersion, type RegisteredVersion } from '@bluewaters/registry';
import type { ObjectStore } from '@bluewaters/storage';
import { averageName, type Saver, type Session, type Variable } from '@bluewaters/tensorflow';

/** The model that a run starts from. */
export interface Parent extends RegisteredVersion {
  readonly from: NonNullable<TrainRequest['from']>;
  /** Whether its classes are the run's, so that the last layer goes on too. */
  readonly keepsHead: boolean;
}

/** The last layer, which belongs to the classes. */
const HEAD = /^logits\//u;
/** What only training has, and so no registered model. */
const TRAINING_ONLY = /^auxiliary/u;

/**
 * Reads what a run takes over.
 *
 * @throws {CodedError} MODEL_INVALID when there is no such model; CONFIG_INVALID when it is of another network.
 */
export async function readParent(
  store: ObjectStore,
  { from, network }: TrainRequest,
  manifest: Manifest,
): Promise<Parent | undefined> {
  if (from === undefined) return undefined;
  const version = await readVersion(store, from);
  const own = await networkOf(store, from);
  if (own !== network) {
    throw new CodedError('CONFIG_INVALID', 'A run goes on with the network of the model that it starts from', {
      details: { field: 'network', expected: own, got: network },
    });
  }
  const names = (classes: readonly { readonly synset: string }[]) => classes.map(({ synset }) => synset).join();
  return { ...version, from, keepsHead: names(version.signature.classes) === names(manifest.classes) };
}

/** How the network's pictures must look: as they did for the weights that it starts from, but for their size. */
export function inputOf(network: Network, { imageSize }: TrainRequest, parent: Parent | undefined): InputContract {
  if (!parent) return { ...network.input, imageSize };
  const { channels, mean, std, crop, colourOrder } = parent.signature;
  return { imageSize, channels, mean, std, crop, colourOrder };
}

/**
 * What the learning rate is multiplied by for the variable of a name: 0 where it is frozen, less than 1 as asked where it
 * came from the parent, 1 where it starts anew.
 */
export function rateOf(name: string, parent: Parent | undefined): number {
  if (!parent || isAnew(name, parent)) return 1;
  const { freeze, rate } = parent.from;
  return freeze.some((pattern) => matches(name, pattern)) ? 0 : rate;
}

function isAnew(name: string, { keepsHead }: Parent): boolean {
  return TRAINING_ONLY.test(name) || (HEAD.test(name) && !keepsHead);
}

/** `block1` is all below it, `conv1*` all that begins so. */
function matches(name: string, pattern: string): boolean {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/gu, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}(?:/.*)?$`, 'u').test(name);
}

/** What a run starts with. */
interface Start {
  readonly parent: Parent | undefined;
  readonly store: ObjectStore;
  /** Folder of this machine for a copy of the model. */
  readonly workDirectory: string;
}

/**
 * Gives the variables of a network the parent's values, and to their moving averages too. All have one there but for the
 * last layer, which starts anew where the classes are others, and what only training has.
 *
 * @param graph Its saver has all variables of the run; `variables` are the network's own.
 * @returns What was taken over, for the user; nothing where there is no parent.
 * @throws {CodedError} CONFIG_INVALID when a pattern names no layer; CHECKPOINT_INVALID when the weights do not fit.
 */
export async function startFrom(
  { parent, store, workDirectory }: Start,
  graph: { readonly saver: Saver; readonly session: Session; readonly variables: readonly Variable[] },
): Promise<string[]> {
  if (!parent) return [];
  const names = graph.variables.map(({ name }) => name);
  assertPatterns(parent, names);
  const directory = await localModel(store, parent.entry, join(workDirectory, 'models'));
  const taken = names.filter((name) => !isAnew(name, parent));
  const origins = new Map(taken.flatMap((name) => [[name, name] as const, [averageName(name), name] as const]));
  await graph.saver.restore(graph.session, join(directory, 'variables', 'variables'), {
    only: (name) => origins.has(name),
    rename: (name) => origins.get(name) ?? name,
  });
  const { model, version } = parent.from;
  return [`starting with ${taken.length} of ${names.length} variables from ${model}:${version}`];
}

function assertPatterns({ from }: Parent, names: readonly string[]): void {
  const idle = from.freeze.find((pattern) => !names.some((name) => matches(name, pattern)));
  if (idle === undefined) return;
  const layers = [...new Set(names.map((name) => name.split('/')[0] ?? ''))];
  throw new CodedError('CONFIG_INVALID', 'No layer of the network has that name', {
    details: { field: 'freeze', expected: layers.join(' or '), got: idle },
  });
}

/** For the provenance of what is trained: which model, and the digest of its weights. */
export function provenanceOf({ from, entry }: Parent): { model: string; version: number; weights: string } {
  const { model, version } = from;
  const prefix = modelKeys.prefix(model, version);
  const weights = entry.files.find(({ key }) => key.startsWith(`${prefix}variables/variables.data`));
  return { model, version, weights: weights?.sha256 ?? '' };
}
