/** Constants: from JavaScript values to tensors, with the dtype and shape that they suggest. */
import { CodedError } from '@bluewaters/errors';
import { dtypeOfArray, type ArrayDType, type DType, type TensorValues } from './dtypes.js';
import { describeShape, elementCount } from './shape.js';
import { Tensor, type ElementValues, type ScalarValue } from './tensor.js';

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

interface Flat {
  readonly values: ElementValues;
  readonly shape: readonly number[];
}

/** A tensor for a `Const`; it is given back with the result unless it was the caller's own. */
export function constantTensor(value: ConstantValue, options: ConstantOptions): { tensor: Tensor } & Disposable {
  if (value instanceof Tensor) return { tensor: value, [Symbol.dispose]: () => undefined };
  const flat = flatten(value, options.dtype);
  const dtype = options.dtype ?? defaultDtype(flat.values);
  const shape = options.shape ?? flat.shape;
  const tensor = Tensor.of(dtype, shape, fill(flat.values, elementCount(shape)));
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

function fill(values: ElementValues, count: number): ElementValues {
  return values.length === 1 && count !== 1 ? new Array<ScalarValue>(count).fill(values[0]!) : values;
}
