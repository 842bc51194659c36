import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '@bluewaters/errors';
import { openCheckpointWeights } from './checkpoint-weights.js';
import { openKerasH5 } from './keras-h5.js';

/** One tensor of published weights. */
export interface SourceTensor {
  readonly shape: readonly number[];
  /** In row-major order. */
  readonly values: Float32Array<ArrayBuffer>;
}

/** A file of weights that another program wrote. Only names and shapes are in memory until a tensor is read. */
export interface WeightSource extends Disposable {
  /** As the user named it. */
  readonly file: string;
  /** Whose names the tensors have: `LAYER/kernel` of Keras, variable names of TF-slim, or our own. */
  readonly naming: 'keras' | 'slim' | 'own';
  /** Shapes by name. */
  readonly tensors: ReadonlyMap<string, readonly number[]>;
  /** @throws {CodedError} WEIGHTS_INVALID when the tensor is damaged, or not of float32. */
  read(name: string): Promise<SourceTensor>;
}

/** The first bytes of every HDF5 file. */
const HDF5_SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');

/**
 * Opens weights in whichever of the known formats they are: Keras's HDF5 (a whole model, `save_weights` of Keras 2, or
 * `.weights.h5` of Keras 3), a SavedModel of Keras or of ours, or a TensorFlow checkpoint by the prefix of its files.
 *
 * @throws {CodedError} FILE_NOT_FOUND; WEIGHTS_INVALID when it is none of these; CHECKPOINT_INVALID when it is damaged.
 */
export async function openWeights(path: string): Promise<WeightSource> {
  const prefix = path.replace(/\.(?:index|data-\d{5}-of-\d{5})$/u, '');
  if (await exists(`${prefix}.index`)) return openCheckpointWeights(path, prefix);
  const inSavedModel = join(path, 'variables', 'variables');
  if (await exists(`${inSavedModel}.index`)) return openCheckpointWeights(path, inSavedModel);
  if (!(await exists(path))) {
    throw new CodedError('FILE_NOT_FOUND', 'There are no weights of that name', { details: { file: path } });
  }
  if (await isHdf5(path)) return openKerasH5(path);
  throw new CodedError('WEIGHTS_INVALID', 'This is no file of weights in a known format', {
    details: { file: path, expected: "Keras's HDF5, a SavedModel, or a checkpoint", got: 'something else' },
  });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function isHdf5(path: string): Promise<boolean> {
  if (!(await stat(path)).isFile()) return false;
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HDF5_SIGNATURE.length), 0, HDF5_SIGNATURE.length, 0);
  return bytesRead === HDF5_SIGNATURE.length && buffer.equals(HDF5_SIGNATURE);
}
