/** Tensors: values that go into a session and come out of it, in memory that TensorFlow owns. */
import { CodedError } from '@bluewaters/errors';
import { bufferOf } from './buffers.js';
import {
  arrayConstructor,
  dtypeNumber,
  dtypeOfNumber,
  isBigIntDType,
  numbersPerElement,
  type DType,
  type TensorValues,
} from './dtypes.js';
import { fromHalfBits, isHalf, toHalfBits } from './half.js';
import { Handle, orGiveBack } from './handles.js';
import { copyMemory, native, viewMemory, type Pointer } from './native.js';
import { describeShape, elementCount, isTensorShape } from './shape.js';
import { checked } from './status.js';
import { encodeStringTensor } from './tensor-proto.js';

/** One value: a number, a bigint for the 64-bit integers, a boolean, or text or bytes for a string. */
export type ScalarValue = number | bigint | boolean | string | Uint8Array;

/** Elements in row-major order: a typed array, or a list with one value an element (two for a complex one). */
export type ElementValues = TensorValues | readonly ScalarValue[];

/** Bytes of the struct `TF_TString`. */
const STRING_BYTES = 24;

/** A tensor for which memory may well be missing. */
const LARGE_BYTES = 64 << 20;

/** Ends the hold of a view on its tensor's memory once nobody can reach the view any more. */
const VIEWS = new FinalizationRegistry<() => void>((endHold) => endHold());

/** Values of one dtype and shape. Its owner gives it back with `using` or `[Symbol.dispose]()`. */
export class Tensor<D extends DType = DType> implements Disposable {
  readonly dtype: D;
  /** Lengths by axis; `[]` is a scalar. */
  readonly shape: readonly number[];
  readonly #handle: Handle;
  #view: TensorValues<D> | undefined;

  private constructor(handle: Handle, dtype: D, shape: readonly number[]) {
    this.#handle = handle;
    this.dtype = dtype;
    this.shape = shape;
  }

  /**
   * Copies values into a new tensor.
   *
   * @param values As many as the shape holds, row by row. A typed array of the dtype's own kind is copied as bytes;
   * other numbers are converted, to the nearest for the 16-bit floats.
   * @throws {CodedError} CONFIG_INVALID when the number of values is not what the shape holds, or the dtype has no
   * values in JavaScript (resource, variant).
   */
  static of<D extends DType>(dtype: D, shape: readonly number[], values: ElementValues): Tensor<D> {
    checkShape(shape);
    if (values.length !== elementCount(shape) * numbersPerElement(dtype)) {
      throw new CodedError('CONFIG_INVALID', 'a tensor needs one value for each element of its shape', {
        details: { field: 'values', expected: describeShape(shape), got: `${values.length} values` },
      });
    }
    if (dtype === 'string') return stringTensor(shape, values) as Tensor<D>;
    const elements = toElements(dtype, values);
    const tensor = Tensor.allocate(dtype, shape);
    if (elements.byteLength > 0) copyMemory(tensor.#address, elements, elements.byteLength);
    return tensor;
  }

  /** A tensor of shape `[]`. */
  static scalar<D extends DType>(dtype: D, value: ScalarValue): Tensor<D> {
    return Tensor.of(dtype, [], [value]);
  }

  /**
   * A tensor whose elements are to be written through its {@link view}; until then they are whatever the memory held.
   *
   * @throws {CodedError} CONFIG_INVALID for string, resource and variant, whose elements are not plain memory;
   * TENSORFLOW_FAILED when there is no memory for it.
   */
  static allocate<D extends DType>(dtype: D, shape: readonly number[]): Tensor<D> {
    checkShape(shape);
    const numbers = elementCount(shape) * numbersPerElement(dtype);
    const bytes = numbers * arrayConstructor(dtype).BYTES_PER_ELEMENT;
    return new Tensor(ownTensor(allocate(dtype, shape, bytes)), dtype, [...shape]);
  }

  /** Takes over a tensor that TensorFlow allocated and filled; for this package's own use. */
  static adopt(handle: Handle): Tensor {
    const { TF_TensorType, TF_NumDims, TF_Dim } = native();
    const { pointer } = handle;
    const shape = Array.from({ length: TF_NumDims(pointer) }, (_, axis) => TF_Dim(pointer, axis));
    return new Tensor(handle, dtypeOfNumber(TF_TensorType(pointer)), shape);
  }

  /** For this package's own calls. */
  get handle(): Handle {
    return this.#handle;
  }

  /** Size of the elements in native memory. */
  get byteLength(): number {
    // Without elements there may be no memory, and TensorFlow's own function would look into it.
    const { pointer } = this.#handle;
    return elementCount(this.shape) === 0 ? 0 : native().TF_TensorByteSize(pointer);
  }

  /**
   * The elements themselves, row by row, in TensorFlow's memory: nothing is copied, and what is written is what the
   * next run reads. The same array at every call. Write only to a tensor of your own, never while a run uses it, and
   * not after a run kept it (a variable that was assigned from it, a dataset made of it): they share the memory.
   *
   * An array that outlives its tensor stays readable: the memory is given back once the array is garbage as well. So
   * keep one tensor and its view for many steps, and read results with {@link values} or {@link number}.
   *
   * @param dtype When given, the type of the array is known to the compiler, and another dtype is refused.
   * @throws {CodedError} CONFIG_INVALID when the tensor has another dtype, or one without a typed array.
   */
  view(): TensorValues<D>;
  view<Other extends DType>(dtype: Other): TensorValues<Other>;
  view(dtype: DType = this.dtype): TensorValues {
    const constructor = this.#arrayOf(dtype);
    const { byteLength } = this;
    this.#view ??= (byteLength === 0 ? new constructor(0) : this.#newView(constructor, byteLength)) as TensorValues<D>;
    return this.#view;
  }

  /**
   * A copy of the elements, row by row. With `dtype` the type of the array is known to the compiler, and another
   * dtype is refused.
   *
   * @throws {CodedError} CONFIG_INVALID when the tensor has another dtype, or one without a typed array; TENSORFLOW_FAILED
   * when there is no memory for the copy.
   */
  values(): TensorValues<D>;
  values<Other extends DType>(dtype: Other): TensorValues<Other>;
  values(dtype: DType = this.dtype): TensorValues {
    const constructor = this.#arrayOf(dtype);
    const { byteLength } = this;
    const copy = newArray(constructor, byteLength);
    if (byteLength > 0) copyMemory(copy, this.#address, byteLength);
    return copy;
  }

  /**
   * The elements as numbers, row by row, whatever the dtype: the 16-bit floats by their value, 64-bit integers rounded
   * to what a number holds, a complex element as two.
   *
   * @throws {CodedError} CONFIG_INVALID for string, resource and variant.
   */
  numbers(): number[] {
    const { dtype } = this;
    const values = Array.from<number | bigint, number>(this.values() as TensorValues, Number);
    return isHalf(dtype) ? values.map((bits) => fromHalfBits(dtype, bits)) : values;
  }

  /**
   * The only element, as a number.
   *
   * @throws {CodedError} CONFIG_INVALID when there are more or fewer.
   */
  number(): number {
    const values = this.numbers();
    if (values.length === 1) return values[0]!;
    throw new CodedError('CONFIG_INVALID', 'only a tensor of one element is a number', {
      details: { got: describeShape(this.shape) },
    });
  }

  /**
   * A copy of the elements of a string tensor, row by row.
   *
   * @throws {CodedError} CONFIG_INVALID when the dtype is not 'string'.
   */
  strings(): Buffer[] {
    const { pointer } = this.#handle;
    if (this.dtype !== 'string') {
      throw new CodedError('CONFIG_INVALID', 'only a string tensor holds strings', { details: { got: this.dtype } });
    }
    const count = elementCount(this.shape);
    if (count === 0) return [];
    const start = native().TF_TensorData(pointer);
    return Array.from({ length: count }, (_, index) => copyString(start + BigInt(STRING_BYTES * index)));
  }

  /** Gives the memory back, or leaves it to the last holder of its view; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#view = undefined;
    this.#handle[Symbol.dispose]();
  }

  get #address(): Pointer {
    return native().TF_TensorData(this.#handle.pointer);
  }

  #arrayOf(dtype: DType): ReturnType<typeof arrayConstructor> {
    void this.#handle.pointer;
    if (dtype === this.dtype) return arrayConstructor(dtype);
    throw new CodedError('CONFIG_INVALID', 'a tensor is read as another dtype than it has', {
      details: { field: 'dtype', expected: this.dtype, got: dtype },
    });
  }

  #newView(constructor: ReturnType<typeof arrayConstructor>, byteLength: number): TensorValues {
    const { buffer } = viewMemory(this.#address, byteLength);
    VIEWS.register(buffer, this.#handle.hold());
    return new constructor(buffer);
  }
}

function checkShape(shape: readonly number[]): void {
  if (isTensorShape(shape)) return;
  throw new CodedError('CONFIG_INVALID', 'a tensor cannot have this shape', {
    details: { field: 'shape', expected: 'up to 254 whole lengths from 0', got: describeShape(shape) },
  });
}

/** The owner of a native tensor. */
export function ownTensor(pointer: Pointer): Handle {
  return new Handle('tensor', pointer, native().TF_DeleteTensor);
}

/** JavaScript has less room than TensorFlow. */
function newArray(constructor: ReturnType<typeof arrayConstructor>, bytes: number): TensorValues {
  try {
    return new constructor(bytes / constructor.BYTES_PER_ELEMENT);
  } catch (cause) {
    throw new CodedError('TENSORFLOW_FAILED', `there is no room for a copy of ${bytes} bytes`, { cause });
  }
}

function allocate(dtype: DType, shape: readonly number[], bytes: number): Pointer {
  const pointer = hasMemory(bytes) ? native().TF_AllocateTensor(dtypeNumber(dtype), shape, shape.length, bytes) : null;
  if (pointer !== null) return pointer;
  throw new CodedError('TENSORFLOW_FAILED', `TensorFlow cannot allocate ${bytes} bytes for a tensor`);
}

/** TensorFlow ends the process where there is no memory for a tensor; the C library says so. Small ones are not worth it. */
export function hasMemory(bytes: number): boolean {
  if (bytes < LARGE_BYTES) return true;
  const memory = native().malloc(bytes);
  native().free(memory);
  return memory !== null;
}

function toElements(dtype: DType, values: ElementValues): TensorValues {
  const constructor = arrayConstructor(dtype);
  if (values instanceof constructor) return values;
  try {
    return constructor.from(Array.from<ScalarValue, unknown>(values, converter(dtype)));
  } catch (error) {
    throw new CodedError('CONFIG_INVALID', `a value is none of dtype ${dtype}`, {
      details: { field: 'values', got: (error as Error).message },
      cause: error,
    });
  }
}

function converter(dtype: DType): (value: ScalarValue) => unknown {
  if (isBigIntDType(dtype)) return (value) => BigInt(value as number | bigint);
  return isHalf(dtype) ? (value) => toHalfBits(dtype, Number(value)) : Number;
}

function copyString(string: Pointer): Buffer {
  const { TF_StringGetSize, TF_StringGetDataPointer } = native();
  const copy = Buffer.allocUnsafeSlow(TF_StringGetSize(string));
  if (copy.byteLength > 0) copyMemory(copy, TF_StringGetDataPointer(string), copy.byteLength);
  return copy;
}

/**
 * TensorFlow itself must allocate strings: whoever else holds the tensor's memory when it is disposed of here (a
 * dataset, a variable) still reads them, and only TensorFlow knows when the last one is done.
 */
function stringTensor(shape: readonly number[], values: ElementValues): Tensor {
  const strings = Array.from(values, (value) => (value instanceof Uint8Array ? value : Buffer.from(String(value))));
  using proto = bufferOf(encodeStringTensor(shape, strings));
  const handle = orGiveBack(ownTensor(allocate('uint8', [0], 0)), ({ pointer }) =>
    checked(
      (status) => native().TF_TensorFromProto(proto.pointer, pointer, status),
      (failure) => new CodedError('TENSORFLOW_FAILED', failure.message, { cause: failure }),
    ),
  );
  return Tensor.adopt(handle);
}
