import { CodedError, isCodedError } from '@bluewaters/errors';
import { loadSavedModel, Tensor, type LoadedModel, type Output } from '@bluewaters/tensorflow';
import type { EngineCalls, OutputBatch, TensorFacts, WarmModel } from './engine-messages.js';

const SIGNATURE = 'serving_default';

/** One model in TensorFlow, ready to run. */
interface HostedModel {
  readonly loaded: LoadedModel;
  readonly inputs: Readonly<Record<string, Output>>;
  readonly outputs: Readonly<Record<string, Output>>;
  /** Where the pictures go. */
  readonly pictures: Output;
}

/** The models of an engine process, by key. */
export class ModelHost {
  readonly #threads: number;
  readonly #models = new Map<string, HostedModel>();

  /** @param threads Of TensorFlow; 0 takes every core. */
  constructor(threads: number) {
    this.#threads = threads;
  }

  /**
   * Loads a SavedModel and runs it once.
   *
   * @throws {CodedError} MODEL_INVALID, TENSORFLOW_MISSING, TENSORFLOW_FAILED.
   */
  async load({ key, directory, probe }: Parameters<EngineCalls['load']>[0]): Promise<WarmModel> {
    const loaded = await loadSavedModel(directory, { intraOpThreads: this.#threads, interOpThreads: this.#threads });
    try {
      const hosted = host(loaded, directory);
      const probeOutputs = await run(hosted, [probe]);
      this.unload({ key });
      this.#models.set(key, hosted);
      return { tensors: { inputs: describe(hosted.inputs), outputs: describe(hosted.outputs) }, probeOutputs };
    } catch (error) {
      loaded[Symbol.dispose]();
      throw error;
    }
  }

  /** Gives a model's memory back. */
  unload({ key }: Parameters<EngineCalls['unload']>[0]): null {
    this.#models.get(key)?.loaded[Symbol.dispose]();
    this.#models.delete(key);
    return null;
  }

  /**
   * Runs a model on a batch of JPEG pictures.
   *
   * @throws {CodedError} IMAGE_INVALID when TensorFlow refuses a picture of the batch; MODEL_UNKNOWN; TENSORFLOW_FAILED.
   */
  async predict({ key, images }: Parameters<EngineCalls['predict']>[0]): Promise<Record<string, OutputBatch>> {
    const hosted = this.#models.get(key);
    if (!hosted) throw new CodedError('MODEL_UNKNOWN', `The engine has no model ${key}`);
    try {
      return await run(hosted, images);
    } catch (error) {
      throw isPicturesFault(error) ? refusedPicture(error as CodedError) : error;
    }
  }
}

/** The model has run on a good picture before, so an argument that it calls invalid can only be the picture. */
function isPicturesFault(error: unknown): boolean {
  return isCodedError(error, 'TENSORFLOW_FAILED') && error.message.includes('INVALID_ARGUMENT');
}

function refusedPicture(cause: CodedError): CodedError {
  return new CodedError('IMAGE_INVALID', 'TensorFlow can not decode the picture', { cause });
}

function host(loaded: LoadedModel, directory: string): HostedModel {
  const signature = loaded.signatures[SIGNATURE];
  const inputs = Object.values(signature?.inputs ?? {});
  const [pictures] = inputs;
  if (!signature || !pictures || inputs.length !== 1 || pictures.dtype !== 'string') {
    const details = { file: directory, expected: `a signature ${SIGNATURE} with one input of strings` };
    throw new CodedError('MODEL_INVALID', 'The SavedModel does not take pictures', { details });
  }
  return { loaded, inputs: signature.inputs, outputs: signature.outputs, pictures };
}

async function run(hosted: HostedModel, images: readonly Uint8Array[]): Promise<Record<string, OutputBatch>> {
  using jpegs = Tensor.of('string', [images.length], images);
  const tensors = await hosted.loaded.session.run({
    feeds: [[hosted.pictures, jpegs]],
    fetches: Object.values(hosted.outputs),
  });
  return Object.fromEntries(Object.keys(hosted.outputs).map((name, index) => [name, take(tensors[index]!)]));
}

/** Copies a tensor's elements in a form that JSON can take, and gives the tensor back. */
function take(tensor: Tensor): OutputBatch {
  using owned = tensor;
  const { dtype, shape } = owned;
  if (dtype === 'string') return { dtype, shape, values: owned.strings().map((bytes) => bytes.toString('utf8')) };
  const values = owned.values();
  const wide = values instanceof BigInt64Array || values instanceof BigUint64Array;
  return { dtype, shape, values: wide ? Array.from(values, Number) : values };
}

function describe(outputs: Readonly<Record<string, Output>>): Record<string, TensorFacts> {
  const facts = Object.entries(outputs).map(([name, { dtype, shape }]) => [
    name,
    { dtype, shape: shape?.map((length) => length ?? -1) },
  ]);
  return Object.fromEntries(facts) as Record<string, TensorFacts>;
}
