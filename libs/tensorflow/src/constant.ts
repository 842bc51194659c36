/** Constants: from JavaScript values to tensors, with the dtype and shape that they suggest. */
import { CodedError } from '@bluewaters/errors';
import {
  arrayConstructor,
  dtypeOfArray,
  isNumericDType,
  type ArrayDType,
  type DType,
  type TensorValues,
} from './dtypes.js';
import { describeShape, elementCount, isTensorShape } from './shape.js';
import { hasMemory, Tensor, type ElementValues, type ScalarValue } from './tensor.js';

/** Lists within lists, all of one length at each depth. */
export type NestedValues = readonly (ScalarValue | NestedValues)[];

/** What can become a constant; a Uint8Array is a uint8 vector, unless the dtype is 'string': then it is one string. */
export type ConstantValue = ScalarValue | NestedValues | TensorValues | Tensor;

/** How a value becomes a constant. */
export interface ConstantOptions<D extends DType = DType> {
  /** By default float32 for numbers, and what the others are: int64 for bigint, bool, string, a typed array's own. */
  readonly dtype?: D;
  /** By default that of the lists; one value alone fills any shape. */
  readonly shape?: readonly number[];
}

type OrLists<Element> = Element | readonly OrLists<Element>[];

/** The dtype that a value suggests. */
export type DTypeOfConstant<Value> =
  Value extends Tensor<infer D>
    ? D
    : Value extends TensorValues
      ? { [D in ArrayDType]: Value extends TensorValues<D> ? D : never }[ArrayDType]
      : Value extends OrLists<number>
        ? 'float32'
        : Value extends OrLists<bigint>
          ? 'int64'
          : Value extends OrLists<boolean>
            ? 'bool'
            : Value extends OrLists<string | Uint8Array>
              ? 'string'
              : DType;

/** What a constant can have in bytes, with room for the rest of its operation. */
const MOST_BYTES = 2 ** 31 - 2 ** 10;

/** How often TensorFlow has the elements while it adds the operation. */
const COPIES = 4;

interface Flat {
  readonly values: ElementValues;
  readonly shape: readonly number[];
}

/** A tensor for a `Const`; it is given back with the result unless it was the caller's own. */
export function constantTensor(value: ConstantValue, options: ConstantOptions): { tensor: Tensor } & Disposable {
  if (value instanceof Tensor) {
    checkFits(value.dtype, value.shape);
    return { tensor: value, [Symbol.dispose]: () => undefined };
  }
  const flat = flatten(value, options.dtype);
  const dtype = options.dtype ?? defaultDtype(flat.values);
  const shape = options.shape ?? flat.shape;
  checkFits(dtype, shape);
  const tensor = Tensor.of(dtype, shape, fill(flat.values, dtype, elementCount(shape)));
  return { tensor, [Symbol.dispose]: () => tensor[Symbol.dispose]() };
}

function flatten(value: ConstantValue, dtype: DType | undefined): Flat {
  if (ArrayBuffer.isView(value) && dtype !== 'string') return { values: value as TensorValues, shape: [value.length] };
  if (!Array.isArray(value)) return { values: [value as ScalarValue], shape: [] };
  const shape = shapeOf(value as NestedValues);
  const values = (value as readonly unknown[]).flat(Infinity) as ScalarValue[];
  if (values.length === elementCount(shape)) return { values, shape };
  throw new CodedError('GRAPH_INVALID', 'the lists of a constant must have one length at each depth', {
    details: { expected: describeShape(shape), got: `${values.length} values` },
  });
}

function shapeOf(value: ScalarValue | NestedValues | undefined): number[] {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0] as ScalarValue | NestedValues | undefined)] : [];
}

function defaultDtype(values: ElementValues): DType {
  if (ArrayBuffer.isView(values)) return dtypeOfArray(values);
  switch (typeof values[0]) {
    case 'bigint':
      return 'int64';
    case 'boolean':
      return 'bool';
    case 'string':
      return 'string';
    default:
      return values[0] instanceof Uint8Array ? 'string' : 'float32';
  }
}

/** A graph is one message, and a message has less than 2 GiB: larger constants could never be run. */
function checkFits(dtype: DType, shape: readonly number[]): void {
  const bytes = elementCount(shape) * (isNumericDType(dtype) ? arrayConstructor(dtype).BYTES_PER_ELEMENT : 1);
  if (isTensorShape(shape) && bytes < MOST_BYTES && hasMemory(COPIES * bytes)) return;
  throw new CodedError('GRAPH_INVALID', 'a constant cannot have this shape', {
    details: {
      field: 'shape',
      expected: 'whole lengths, less than 2 GiB, and memory for it',
      got: `${dtype} ${describeShape(shape)}`,
    },
  });
}

function fill(values: ElementValues, dtype: DType, count: number): ElementValues {
  if (values.length !== 1 || count === 1) return values;
  if (!isNumericDType(dtype)) return new Array<ScalarValue>(count).fill(values[0]!);
  using one = Tensor.of(dtype, [], values);
  const constructor = arrayConstructor(dtype);
  return new constructor(count).fill(one.values()[0] as never);
}
