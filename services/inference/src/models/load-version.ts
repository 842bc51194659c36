import { CodedError, toCodedError, type ErrorCode } from '@bluewaters/errors';
import type { Signature } from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';
import type { WarmModel, ModelTensors } from '../engine/engine-messages.js';
import type { Engine } from '../engine/engine.js';
import { localModel, readVersion, versionKey, type VersionRef } from '@bluewaters/registry';

/** What it takes to load a version. */
export interface Loader {
  readonly store: ObjectStore;
  readonly engine: Engine;
  readonly cacheDirectory: string;
  /** A JPEG for the first run. */
  readonly probe: Uint8Array;
}

/** What is known of a version that can answer. */
export interface LoadedVersion {
  readonly signature: Signature;
  readonly tensors: ModelTensors;
}

/**
 * Reads a version's entry, checks its files, loads it into the engine and runs it once.
 *
 * @throws {CodedError} MODEL_INVALID or FORMAT_UNKNOWN when the version itself is at fault; anything else may pass.
 */
export async function loadVersion(loader: Loader, ref: VersionRef): Promise<LoadedVersion> {
  const { entry, signature } = await readVersion(loader.store, ref);
  const directory = await localModel(loader.store, entry, loader.cacheDirectory);
  const loaded = await loadIntoEngine(loader, ref, directory);
  assertSignature(ref, signature, loaded);
  return { signature, tensors: loaded.tensors };
}

/** Failures of the machine; every other one that can't pass by itself is the model's. */
const NOT_THE_MODELS: readonly ErrorCode[] = ['TENSORFLOW_MISSING', 'STORE_REFUSED', 'STORE_FULL', 'INTERNAL'];

async function loadIntoEngine({ engine, probe }: Loader, ref: VersionRef, directory: string): Promise<WarmModel> {
  try {
    return await engine.load(versionKey(ref), directory, probe);
  } catch (error) {
    const coded = toCodedError(error);
    if (coded.retryable || coded.code === 'MODEL_INVALID' || NOT_THE_MODELS.includes(coded.code)) throw coded;
    throw new CodedError('MODEL_INVALID', `TensorFlow can't load ${describe(ref)}: ${coded.message}`, { cause: coded });
  }
}

/** The signature must say what the model truly does, or every answer would carry the wrong names. */
function assertSignature(ref: VersionRef, signature: Signature, { tensors, probeOutputs }: WarmModel): void {
  if (!(signature.inputKey in tensors.inputs)) {
    throw mismatch(ref, `an input ${signature.inputKey}`, Object.keys(tensors.inputs).join(', '));
  }
  const missing = signature.outputKeys.find((name) => !(name in tensors.outputs));
  if (missing !== undefined) throw mismatch(ref, `an output ${missing}`, Object.keys(tensors.outputs).join(', '));
  const shape = probeOutputs[signature.outputKeys[0]]?.shape ?? [];
  if (shape.length !== 2 || shape[1] !== signature.outputs) {
    throw mismatch(ref, `probabilities of shape [batch, ${signature.outputs}]`, `[${shape.join(', ')}]`);
  }
}

function mismatch(ref: VersionRef, expected: string, got: string): CodedError {
  const details = { file: describe(ref), expected, got };
  return new CodedError('MODEL_INVALID', 'A model does not do what its signature says', { details });
}

function describe({ model, version }: VersionRef): string {
  return `${model} version ${version}`;
}
