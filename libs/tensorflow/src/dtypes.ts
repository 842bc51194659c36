/** Element types: their names, TensorFlow's numbers for them, and the typed arrays that hold them. */
import { CodedError } from '@bluewaters/errors';

/** TensorFlow's numbers, as in its `DataType` message. */
const DTYPE_NUMBERS = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  int16: 5,
  int8: 6,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  qint8: 11,
  quint8: 12,
  qint32: 13,
  bfloat16: 14,
  qint16: 15,
  quint16: 16,
  uint16: 17,
  complex128: 18,
  float16: 19,
  resource: 20,
  variant: 21,
  uint32: 22,
  uint64: 23,
  float8_e5m2: 24,
  float8_e4m3fn: 25,
  int4: 29,
  uint4: 30,
} as const;

/** The type of a tensor's elements. */
export type DType = keyof typeof DTYPE_NUMBERS;

/**
 * How elements look in JavaScript: a bool is 0 or 1, the 16-bit floats (`half.ts`) and the 8-bit ones are their bits, a
 * complex number is two numbers, real part first, a quantized one is its integer, and a 4-bit integer has a byte.
 */
const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int16: Int16Array,
  int8: Int8Array,
  int64: BigInt64Array,
  bool: Uint8Array,
  bfloat16: Uint16Array,
  uint16: Uint16Array,
  float16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  complex64: Float32Array,
  complex128: Float64Array,
  qint8: Int8Array,
  quint8: Uint8Array,
  qint16: Int16Array,
  quint16: Uint16Array,
  qint32: Int32Array,
  float8_e5m2: Uint8Array,
  float8_e4m3fn: Uint8Array,
  int4: Int8Array,
  uint4: Uint8Array,
} as const;

/** The types whose elements JavaScript can read and write as numbers. */
export type NumericDType = keyof typeof ARRAYS;

/** Floating-point numbers. */
export type FloatDType = 'bfloat16' | 'float16' | 'float32' | 'float64';

/** Complex numbers. */
export type ComplexDType = 'complex64' | 'complex128';

/** Floating-point and complex numbers. */
export type ContinuousDType = FloatDType | ComplexDType;

/** Whole and floating-point numbers. */
export type RealDType = FloatDType | `${'int' | 'uint'}${8 | 16 | 32 | 64}`;

/** Real and complex numbers. */
export type ArithmeticDType = RealDType | ComplexDType;

/** Real numbers that may be negative. */
export type SignedDType = FloatDType | `int${8 | 16 | 32 | 64}`;

/** Every kind of number, quantized ones too. */
export type NumberDType = RealDType | ComplexDType | 'qint8' | 'qint16' | 'qint32' | 'quint8' | 'quint16';

/** What counts and indexes. */
export type IndexDType = 'int32' | 'int64';

/** The typed array that holds a tensor's elements, in row-major order. */
export type TensorValues<D extends DType = DType> = D extends NumericDType ? InstanceType<(typeof ARRAYS)[D]> : never;

const DTYPES_BY_NUMBER = new Map<number, DType>(
  Object.entries(DTYPE_NUMBERS).map(([name, number]) => [number, name as DType]),
);

/** TensorFlow adds 100 for the reference types of its first variables. */
const REFERENCE_OFFSET = 100;

/** Whether a value names an element type. */
export function isDType(value: unknown): value is DType {
  return typeof value === 'string' && Object.hasOwn(DTYPE_NUMBERS, value);
}

/** Whether it is one of {@link ContinuousDType}. */
export function isContinuous(dtype: DType): dtype is ContinuousDType {
  return /^(bfloat16|float(16|32|64)|complex.*)$/.test(dtype);
}

/** Whether a typed array can hold the elements. */
export function isNumericDType(dtype: DType): dtype is NumericDType {
  return Object.hasOwn(ARRAYS, dtype);
}

/** TensorFlow's number for an element type. */
export function dtypeNumber(dtype: DType): number {
  return DTYPE_NUMBERS[dtype];
}

/** @throws {CodedError} GRAPH_INVALID for a type that has no name here, of a newer TensorFlow. */
export function dtypeOfNumber(number: number): DType {
  const dtype = DTYPES_BY_NUMBER.get(number % REFERENCE_OFFSET);
  if (dtype) return dtype;
  throw new CodedError('GRAPH_INVALID', 'TensorFlow uses an element type that is not supported', {
    details: { field: 'dtype', got: String(number) },
  });
}

/** What the constructors of all typed arrays have in common. */
interface ArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike): TensorValues;
  new (length: number): TensorValues;
  from(values: ArrayLike<unknown>): TensorValues;
}

/** @throws {CodedError} CONFIG_INVALID for a dtype without a typed array: string, resource, variant. */
export function arrayConstructor(dtype: DType): ArrayConstructor {
  if (isNumericDType(dtype)) return ARRAYS[dtype] as unknown as ArrayConstructor;
  throw new CodedError('CONFIG_INVALID', `elements of type ${dtype} are not numbers`, { details: { field: 'dtype' } });
}

/** How many numbers of the typed array make one element: two for a complex number. */
export function numbersPerElement(dtype: DType): number {
  return dtype === 'complex64' || dtype === 'complex128' ? 2 : 1;
}

/** Whether JavaScript holds the elements as bigint. */
export function isBigIntDType(dtype: DType): boolean {
  return dtype === 'int64' || dtype === 'uint64';
}

/** The dtypes that a typed array suggests. */
export type ArrayDType =
  | 'float32'
  | 'float64'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64';

/** The dtype whose typed array `values` is; bytes are taken as uint8. */
export function dtypeOfArray(values: TensorValues): ArrayDType {
  const names: Readonly<Record<string, ArrayDType>> = {
    Float32Array: 'float32',
    Float64Array: 'float64',
    Int32Array: 'int32',
    Int16Array: 'int16',
    Int8Array: 'int8',
    BigInt64Array: 'int64',
    BigUint64Array: 'uint64',
    Uint16Array: 'uint16',
    Uint32Array: 'uint32',
  };
  return names[values.constructor.name] ?? 'uint8';
}
