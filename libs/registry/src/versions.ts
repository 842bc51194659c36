import { CodedError, isCodedError } from '@bluewaters/errors';
import {
  modelKeys,
  parseModelEntry,
  parseProvenance,
  parseSignature,
  type ModelEntry,
  type Signature,
} from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';
import { z } from 'zod';

/** One version of one model. */
export interface VersionRef {
  readonly model: string;
  /** 1 or more; the highest is the newest. */
  readonly version: number;
}

/** What the registry says of a version. */
export interface RegisteredVersion {
  readonly entry: ModelEntry;
  readonly signature: Signature;
}

/** `mnist.3`: unique for a version, since a model's name has no dot. */
export function versionKey({ model, version }: VersionRef): string {
  return `${model}.${version}`;
}

const ENTRY_KEY = /^models\/(?<model>[a-z0-9_-]+)\/(?<version>[1-9]\d{0,9})\/entry\.json$/u;

/** Every complete version in the registry: versions by model, the newest first. */
export async function listVersions(store: ObjectStore): Promise<Map<string, number[]>> {
  const versions = new Map<string, number[]>();
  for await (const { key } of store.list(modelKeys.root)) {
    const { model, version } = ENTRY_KEY.exec(key)?.groups ?? {};
    if (model !== undefined) versions.set(model, [...(versions.get(model) ?? []), Number(version)]);
  }
  for (const numbers of versions.values()) numbers.sort((a, b) => b - a);
  return versions;
}

/** @throws {CodedError} MODEL_INVALID when entry or signature is missing, damaged or another version's; FORMAT_UNKNOWN. */
export async function readVersion(store: ObjectStore, { model, version }: VersionRef): Promise<RegisteredVersion> {
  const entryKey = modelKeys.entry(model, version);
  const entry = parseModelEntry(await getObject(store, entryKey), { file: entryKey });
  if (entry.model !== model || entry.version !== version) {
    const details = { file: entryKey, expected: `${model} version ${version}`, got: `${entry.model} ${entry.version}` };
    throw new CodedError('MODEL_INVALID', 'An entry speaks of another version', { details });
  }
  const signature = parseSignature(await getObject(store, entry.signatureKey), { file: entry.signatureKey });
  return { entry, signature };
}

/** What is read of `provenance.json`: a run's request and an import's both name the network. */
const OfNetwork = z.object({ request: z.object({ network: z.string() }) });

/** The name of the network that a version is of. @throws {CodedError} MODEL_INVALID when nothing says so; FORMAT_UNKNOWN. */
export async function networkOf(store: ObjectStore, { model, version }: VersionRef): Promise<string> {
  const file = modelKeys.provenance(model, version);
  const { success, data, error } = OfNetwork.safeParse(parseProvenance(await getObject(store, file), { file }));
  if (success) return data.request.network;
  const details = { file, field: 'request.network' };
  throw new CodedError('MODEL_INVALID', 'A model does not say of which network it is', { details, cause: error });
}

async function getObject(store: ObjectStore, key: string): Promise<Uint8Array> {
  try {
    return await store.get(key);
  } catch (error) {
    if (!isCodedError(error, 'OBJECT_NOT_FOUND')) throw error;
    throw new CodedError('MODEL_INVALID', 'A file of a model is missing', { details: { file: key }, cause: error });
  }
}
