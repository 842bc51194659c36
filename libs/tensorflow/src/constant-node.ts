/** Constants within a `GraphDef`. */
import { create } from '@bufbuild/protobuf';
import { dtypeNumber, type DType } from './dtypes.js';
import { AttrValueSchema, type AttrValue } from './generated/tensorflow/core/framework/attr_value_pb.js';
import { NodeDefSchema, type NodeDef } from './generated/tensorflow/core/framework/node_def_pb.js';
import { shapeProto } from './tensor-proto.js';
import type { Tensor } from './tensor.js';

/** An attribute that is an element type. */
export function typeAttribute(dtype: DType): AttrValue {
  return create(AttrValueSchema, { value: { case: 'type', value: dtypeNumber(dtype) } });
}

/** A `Const` with a copy of a tensor's elements. */
export function constantNode(name: string, tensor: Tensor): NodeDef {
  const elements = tensor.dtype === 'string' ? { stringVal: tensor.strings() } : { tensorContent: bytesOf(tensor) };
  const value = { dtype: dtypeNumber(tensor.dtype), tensorShape: shapeProto(tensor.shape), ...elements };
  const attr = {
    dtype: typeAttribute(tensor.dtype),
    value: create(AttrValueSchema, { value: { case: 'tensor', value } }),
  };
  return create(NodeDefSchema, { name, op: 'Const', attr });
}

function bytesOf(tensor: Tensor): Uint8Array {
  const { buffer, byteOffset, byteLength } = tensor.values();
  return new Uint8Array(buffer, byteOffset, byteLength);
}
