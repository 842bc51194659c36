/** Tensors: values that go into a session and come out of it, in memory that TensorFlow owns. */
import { CodedError } from '@bluewaters/errors';
import { bufferOf } from './buffers.js';
import {
  arrayConstructor,
  dtypeNumber,
  dtypeOfNumber,
  isBigIntDType,
  type DType,
  type TensorValues,
} from './dtypes.js';
import { Handle } from './handles.js';
import { native, viewMemory, type Pointer } from './native.js';
import { describeShape, elementCount } from './shape.js';
import { checked } from './status.js';
import { encodeStringTensor } from './tensor-proto.js';

/** One value: a number, a bigint for the 64-bit integers, a boolean, or text or bytes for a string. */
export type ScalarValue = number | bigint | boolean | string | Uint8Array;

/** Elements in row-major order: a typed array, or a list with one value an element. */
export type ElementValues = TensorValues | readonly ScalarValue[];

/** Bytes of the struct `TF_TString`. */
const STRING_BYTES = 24;

/** Values of one dtype and shape. Its owner gives it back with `using` or `[Symbol.dispose]()`. */
export class Tensor<D extends DType = DType> implements Disposable {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly #handle: Handle;

  private constructor(handle: Handle, dtype: D, shape: readonly number[]) {
    this.#handle = handle;
    this.dtype = dtype;
    this.shape = shape;
  }

  /**
   * Copies values into a new tensor.
   *
   * @param values As many as the shape holds, row by row. A typed array of the dtype's own kind is copied as bytes.
   * @throws {CodedError} CONFIG_INVALID when the number of values is not what the shape holds.
   */
  static of<D extends DType>(dtype: D, shape: readonly number[], values: ElementValues): Tensor<D> {
    if (values.length !== elementCount(shape)) {
      throw new CodedError('CONFIG_INVALID', 'a tensor needs one value for each element of its shape', {
        details: { field: 'values', expected: describeShape(shape), got: `${values.length} values` },
      });
    }
    const tensor = dtype === 'string' ? stringTensor(shape, values) : numericTensor(dtype, shape, values);
    return tensor as Tensor<D>;
  }

  /** A tensor of shape `[]`. */
  static scalar<D extends DType>(dtype: D, value: ScalarValue): Tensor<D> {
    return Tensor.of(dtype, [], [value]);
  }

  /** Takes over a tensor that TensorFlow allocated. */
  static adopt(pointer: Pointer): Tensor {
    const { TF_TensorType, TF_NumDims, TF_Dim, TF_DeleteTensor } = native();
    const shape = Array.from({ length: TF_NumDims(pointer) }, (_, axis) => TF_Dim(pointer, axis));
    return new Tensor(new Handle('tensor', pointer, TF_DeleteTensor), dtypeOfNumber(TF_TensorType(pointer)), shape);
  }

  /** For this package's own calls. */
  get handle(): Handle {
    return this.#handle;
  }

  /** Size of the elements in native memory. */
  get byteLength(): number {
    // Without elements there may be no memory, and TensorFlow's own function would look into it.
    return elementCount(this.shape) === 0 ? 0 : native().TF_TensorByteSize(this.#handle.pointer);
  }

  /**
   * A copy of the elements, row by row. With `dtype` the type of the array is known to the compiler, and another
   * dtype is refused.
   *
   * @throws {CodedError} CONFIG_INVALID when the tensor has another dtype, or one without a typed array.
   */
  values(): TensorValues<D>;
  values<Other extends DType>(dtype: Other): TensorValues<Other>;
  values(dtype: DType = this.dtype): TensorValues {
    if (dtype !== this.dtype) {
      throw new CodedError('CONFIG_INVALID', 'a tensor is read as another dtype than it has', {
        details: { field: 'dtype', expected: this.dtype, got: dtype },
      });
    }
    const bytes = this.#view().slice();
    return new (arrayConstructor(dtype))(bytes.buffer);
  }

  /**
   * A copy of the elements of a string tensor, row by row.
   *
   * @throws {CodedError} CONFIG_INVALID when the dtype is not 'string'.
   */
  strings(): Buffer[] {
    if (this.dtype !== 'string') {
      throw new CodedError('CONFIG_INVALID', 'only a string tensor holds strings', { details: { got: this.dtype } });
    }
    const { TF_StringGetSize, TF_StringGetDataPointer, TF_TensorData } = native();
    const { pointer } = this.#handle;
    const count = elementCount(this.shape);
    if (count === 0) return [];
    const start = TF_TensorData(pointer);
    return Array.from({ length: count }, (_, index) => {
      const string = start + BigInt(STRING_BYTES * index);
      return Buffer.from(viewMemory(TF_StringGetDataPointer(string), TF_StringGetSize(string)));
    });
  }

  /**
   * The only element, as a number.
   *
   * @throws {CodedError} CONFIG_INVALID when there are more or fewer.
   */
  number(): number {
    const values = this.values();
    if (values.length !== 1) {
      throw new CodedError('CONFIG_INVALID', 'only a tensor of one element is a number', {
        details: { got: describeShape(this.shape) },
      });
    }
    return Number(values[0]);
  }

  /** Gives the memory back; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#handle[Symbol.dispose]();
  }

  #view(): Uint8Array {
    const { pointer } = this.#handle;
    const { byteLength } = this;
    return byteLength === 0 ? new Uint8Array() : viewMemory(native().TF_TensorData(pointer), byteLength);
  }
}

function allocate(dtype: DType, shape: readonly number[], bytes: number): Pointer {
  const pointer = native().TF_AllocateTensor(dtypeNumber(dtype), shape, shape.length, bytes);
  if (pointer !== null) return pointer;
  throw new CodedError('TENSORFLOW_FAILED', `TensorFlow cannot allocate ${bytes} bytes for a tensor`);
}

function numericTensor(dtype: DType, shape: readonly number[], values: ElementValues): Tensor {
  const elements = toElements(dtype, values);
  const pointer = allocate(dtype, shape, elements.byteLength);
  const bytes = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
  viewMemory(native().TF_TensorData(pointer), elements.byteLength).set(bytes);
  return Tensor.adopt(pointer);
}

function toElements(dtype: DType, values: ElementValues): TensorValues {
  const constructor = arrayConstructor(dtype);
  if (values instanceof constructor) return values;
  const convert: (value: ScalarValue) => unknown = isBigIntDType(dtype)
    ? (value) => BigInt(value as number | bigint)
    : Number;
  return constructor.from(Array.from<ScalarValue, unknown>(values, convert));
}

/**
 * TensorFlow itself must allocate strings: whoever else holds the tensor's memory when it is disposed of here (a
 * dataset, a variable) still reads them, and only TensorFlow knows when the last one is done.
 */
function stringTensor(shape: readonly number[], values: ElementValues): Tensor {
  const strings = Array.from(values, (value) => (value instanceof Uint8Array ? value : Buffer.from(String(value))));
  const pointer = allocate('uint8', [0], 0);
  using proto = bufferOf(encodeStringTensor(shape, strings));
  checked(
    (status) => native().TF_TensorFromProto(proto.pointer, pointer, status),
    (failure) => new CodedError('TENSORFLOW_FAILED', failure.message, { cause: failure }),
  );
  return Tensor.adopt(pointer);
}
