/** Attributes of operations: from plain values to what TensorFlow takes, guided by the operation's definition. */
import { create, toBinary } from '@bufbuild/protobuf';
import { CodedError } from '@bluewaters/errors';
import { dtypeNumber, isDType, type DType } from './dtypes.js';
import { GraphFunction } from './graph-function.js';
import {
  AttrValueSchema,
  AttrValue_ListValueSchema,
  type AttrValue,
  type AttrValue_ListValue,
} from './generated/tensorflow/core/framework/attr_value_pb.js';
import { native, type Pointer } from './native.js';
import { isTensorShape, type Shape } from './shape.js';
import { shapeProto } from './tensor-proto.js';
import { Tensor } from './tensor.js';

/** One attribute that is no list; a dtype is written by its name, and a shape may be null or undefined where the rank is unknown. */
export type SingleAttributeValue =
  | number
  | bigint
  | boolean
  | string
  | Uint8Array
  | Shape
  | GraphFunction
  | null
  | undefined;

/**
 * The value of an attribute, written as its kind suggests: `'SAME'`, `3`, `1e-3`, `true`, `'float32'`,
 * `[null, 28, 28, 1]`, a tensor, a function, or a list of one kind. The kind itself comes from the definition.
 */
export type AttributeValue = SingleAttributeValue | Tensor | readonly SingleAttributeValue[];

type ListField = Exclude<keyof AttrValue_ListValue, '$typeName' | '$unknown'>;
type Encoded = { readonly case: AttrValue['value']['case']; readonly value: unknown };

/** Kinds as in `OpDef.AttrDef.type`: the field of `AttrValue` that holds one, and how it gets there. */
const KINDS: Readonly<Record<string, { field: ListField; encode: (value: unknown) => unknown }>> = {
  int: {
    field: 'i',
    encode: (value) =>
      asKind('integer', Number.isInteger(value) || typeof value === 'bigint', () => BigInt(value as number)),
  },
  float: { field: 'f', encode: (value) => asKind('number', typeof value === 'number', () => value) },
  bool: { field: 'b', encode: (value) => asKind('boolean', typeof value === 'boolean', () => value) },
  string: { field: 's', encode: encodeString },
  type: { field: 'type', encode: (value) => asKind('dtype', isDType(value), () => dtypeNumber(value as DType)) },
  shape: {
    field: 'shape',
    encode: (value) =>
      asKind('shape', value == null || Array.isArray(value), () => shapeProto(possible(value as Shape | null))),
  },
  func: {
    field: 'func',
    encode: (value) =>
      asKind('function', value instanceof GraphFunction, () => ({ name: (value as GraphFunction).name })),
  },
  tensor: { field: 'tensor', encode: (value) => asKind('tensor', value instanceof Tensor, () => value) },
};

/** Gives one attribute to an operation that is being described. */
export type AttributeSetter = (description: Pointer, name: string, status: Pointer) => void;

/** Kinds that have a call of their own, which spares the message. */
const DIRECT: Readonly<Record<string, (encoded: never) => AttributeSetter>> = {
  int: (value: bigint) => (description, name) => native().TF_SetAttrInt(description, name, value),
  'list(int)': (values: bigint[]) => (description, name) =>
    native().TF_SetAttrIntList(description, name, values, values.length),
  float: (value: number) => (description, name) => native().TF_SetAttrFloat(description, name, value),
  bool: (value: boolean) => (description, name) => native().TF_SetAttrBool(description, name, value ? 1 : 0),
  string: (value: Uint8Array) => (description, name) =>
    native().TF_SetAttrString(description, name, value, value.byteLength),
  type: (value: number) => (description, name) => native().TF_SetAttrType(description, name, value),
  tensor: (value: Tensor) => (description, name, status) =>
    native().TF_SetAttrTensor(description, name, value.handle.pointer, status),
};

/**
 * Checks a value, and says how an operation gets it.
 *
 * @param kind As the operation's definition names it: 'int', 'list(shape)'.
 * @throws {CodedError} GRAPH_INVALID when the value is of another kind.
 */
export function attributeSetter(kind: string, value: AttributeValue): AttributeSetter {
  const element = /^list\((\w+)\)$/.exec(kind)?.[1];
  const { field, encode } = KINDS[element ?? kind] ?? unsupportedKind(kind);
  const encoded =
    element === undefined
      ? encode(value)
      : asKind('list', Array.isArray(value), () => (value as readonly unknown[]).map(encode));
  const direct = DIRECT[kind];
  if (direct) return direct(encoded as never);
  const message: Encoded =
    element === undefined
      ? { case: field, value: encoded }
      : { case: 'list', value: create(AttrValue_ListValueSchema, { [field]: encoded }) };
  return byMessage(toBinary(AttrValueSchema, create(AttrValueSchema, { value: message as AttrValue['value'] })));
}

function byMessage(bytes: Uint8Array): AttributeSetter {
  return (description, name, status) =>
    native().TF_SetAttrValueProto(description, name, bytes, bytes.byteLength, status);
}

/** The functions within a value, which the graph must know before an operation can name them. */
export function functionsIn(value: AttributeValue): GraphFunction[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((one) => one instanceof GraphFunction);
}

function encodeString(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  return asKind('string', typeof value === 'string', () => Buffer.from(value as string));
}

/** A shape whose elements nothing can count ends the process when the graph is run, and not before. */
function possible(shape: Shape | null | undefined): Shape | null | undefined {
  return asKind(
    'shape that a tensor can have',
    !shape || isTensorShape(shape.map((length) => (length === null || length === -1 ? 1 : length))),
    () => shape,
  );
}

function asKind<Result>(expected: string, holds: boolean, convert: () => Result): Result {
  if (holds) return convert();
  throw new CodedError('GRAPH_INVALID', 'an attribute has a value of another kind', { details: { expected } });
}

function unsupportedKind(kind: string): never {
  throw new CodedError('GRAPH_INVALID', 'an attribute is of a kind that cannot be set from here', {
    details: { got: kind },
  });
}
