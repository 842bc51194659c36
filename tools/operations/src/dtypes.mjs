/** Dtypes of the registry, as TypeScript writes them. */
import { dtypeOfNumber } from '@bluewaters/tensorflow';

/** @import { OperationAttribute, OperationDefinition } from '@bluewaters/tensorflow' */

/** Sets of dtypes that many operations share, by the name that they have in `libs/tensorflow/src/dtypes.ts`. */
const REAL = [
  ...['bfloat16', 'float16', 'float32', 'float64', 'int16', 'int32'],
  ...['int64', 'int8', 'uint16', 'uint32', 'uint64', 'uint8'],
];
const COMPLEX = ['complex128', 'complex64'];
const QUANTIZED = ['qint16', 'qint32', 'qint8', 'quint16', 'quint8'];
const FLOAT = ['bfloat16', 'float16', 'float32', 'float64'];
const NAMED_SETS = {
  FloatDType: FLOAT,
  ComplexDType: COMPLEX,
  ContinuousDType: [...FLOAT, ...COMPLEX].sort(),
  IndexDType: ['int32', 'int64'],
  RealDType: REAL,
  NumberDType: [...REAL, ...COMPLEX, ...QUANTIZED].sort(),
};

/**
 * @param {number} number As in TensorFlow's `DataType`.
 * @returns The dtype, or undefined for one without a name here: those of quantized numbers.
 */
export function dtypeOrNone(number) {
  try {
    return dtypeOfNumber(number);
  } catch {
    return undefined;
  }
}

/**
 * The type of those dtypes that an attribute may have: a name or a union; empty when none has a name here.
 *
 * @param {OperationAttribute | undefined} attribute
 */
export function allowedDtypes(attribute) {
  const list = attribute?.allowedValues?.value;
  if (list?.case !== 'list') return 'DType';
  const dtypes = [...new Set(list.value.type.flatMap((number) => dtypeOrNone(number) ?? []))].sort();
  const named = Object.entries(NAMED_SETS).find(([, members]) => members.join() === dtypes.join());
  return named?.[0] ?? dtypes.map((dtype) => `'${dtype}'`).join(' | ');
}

/**
 * Whether every input, output and attribute has some dtype that has a name here.
 *
 * @param {OperationDefinition} definition
 */
export function isExpressible({ inputArg, outputArg, attr }) {
  const values = [...inputArg, ...outputArg];
  const types = attr.filter(({ type }) => type === 'type' || type === 'list(type)');
  return (
    values.every(({ type }) => type === 0 || dtypeOrNone(type)) && types.every((type) => allowedDtypes(type) !== '')
  );
}
