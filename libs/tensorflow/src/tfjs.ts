/**
 * Values to and from TensorFlow.js. With tfjs-node-gpu on the library that this package loads there is one TensorFlow in
 * the process, and its eager tensors and a graph's can work on the same numbers.
 *
 * The tfjs module is an argument: a program that uses both brings its own, Node's or the browser's kind, and this package
 * does not depend on either. Between the two the values are copied, because tfjs keeps its tensors' memory to itself.
 */
import { CodedError } from '@bluewaters/errors';
import type { DType } from './dtypes.js';
import { Tensor, type ElementValues } from './tensor.js';

/** The element types of tfjs. */
export type TfjsDType = 'float32' | 'int32' | 'bool' | 'string' | 'complex64';

/** What is used of a `tf.Tensor`. */
export interface TfjsTensor {
  readonly dtype: TfjsDType;
  readonly shape: readonly number[];
  data(): Promise<Float32Array | Int32Array | Uint8Array | string[]>;
  bytes(): Promise<Uint8Array[] | Uint8Array>;
}

/** What is used of the module: `import * as tf from '@tensorflow/tfjs-node-gpu'`. */
export interface Tfjs<T extends TfjsTensor> {
  tensor(values: Float32Array | Int32Array | Uint8Array | Uint8Array[], shape: number[], dtype: TfjsDType): T;
}

/** The dtypes whose every value tfjs can hold, and as what. */
const HELD_AS: Readonly<Partial<Record<DType, TfjsDType>>> = {
  float32: 'float32',
  float16: 'float32',
  bfloat16: 'float32',
  int32: 'int32',
  int16: 'int32',
  int8: 'int32',
  uint16: 'int32',
  uint8: 'int32',
  bool: 'bool',
  string: 'string',
};

/**
 * A `tf.Tensor` with a copy of the values; the smaller integers become int32 and the 16-bit floats float32.
 *
 * @param tensor Stays the caller's, as the result does: `dispose()` it or make it within `tf.tidy`.
 * @throws {CodedError} CONFIG_INVALID for a dtype with values that tfjs cannot hold (float64, int64, …): cast it in the
 * graph; of a complex one take the two parts.
 */
export function toTfjs<T extends TfjsTensor>(tf: Tfjs<T>, tensor: Tensor): T {
  const dtype = HELD_AS[tensor.dtype];
  const shape = [...tensor.shape];
  if (dtype === 'string') return tf.tensor(tensor.strings(), shape, dtype);
  if (dtype === 'bool') return tf.tensor(tensor.values('bool'), shape, dtype);
  if (dtype === 'int32') return tf.tensor(Int32Array.from(tensor.numbers()), shape, dtype);
  if (dtype === 'float32') return tf.tensor(floatsOf(tensor), shape, dtype);
  throw new CodedError('CONFIG_INVALID', 'tfjs has no dtype for these values; cast them in the graph', {
    details: { field: 'dtype', expected: Object.keys(HELD_AS).join(', '), got: tensor.dtype },
  });
}

/**
 * A tensor with a copy of the values of a `tf.Tensor`, of its dtype and shape.
 *
 * @param tensor Stays the caller's, as the result does.
 */
export async function fromTfjs(tensor: TfjsTensor): Promise<Tensor> {
  // Strings by their bytes: as text they would be decoded, and pictures are no text.
  const values = tensor.dtype === 'string' ? ((await tensor.bytes()) as Uint8Array[]) : await tensor.data();
  return Tensor.of(tensor.dtype, tensor.shape, values as ElementValues);
}

function floatsOf(tensor: Tensor): Float32Array {
  return tensor.dtype === 'float32' ? tensor.values('float32') : Float32Array.from(tensor.numbers());
}
