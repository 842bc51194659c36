/** Tensors and shapes as messages. */
import { create, toBinary } from '@bufbuild/protobuf';
import { TensorProtoSchema } from './generated/tensorflow/core/framework/tensor_pb.js';
import {
  TensorShapeProtoSchema,
  type TensorShapeProto,
} from './generated/tensorflow/core/framework/tensor_shape_pb.js';
import { dtypeNumber } from './dtypes.js';
import type { Shape } from './shape.js';

/** @param shape Undefined when the rank is unknown. */
export function shapeProto(shape: Shape | null | undefined): TensorShapeProto {
  if (!shape) return create(TensorShapeProtoSchema, { unknownRank: true });
  return create(TensorShapeProtoSchema, { dim: shape.map((length) => ({ size: BigInt(length ?? -1) })) });
}

/** @returns Undefined when the rank is unknown. */
export function shapeOfProto(proto: TensorShapeProto | undefined): Shape | undefined {
  if (!proto || proto.unknownRank) return undefined;
  return proto.dim.map(({ size }) => (size < 0n ? null : Number(size)));
}

/** A serialized `TensorProto` of strings. */
export function encodeStringTensor(shape: readonly number[], strings: readonly Uint8Array[]): Uint8Array {
  return toBinary(
    TensorProtoSchema,
    create(TensorProtoSchema, {
      dtype: dtypeNumber('string'),
      tensorShape: shapeProto(shape),
      stringVal: [...strings],
    }),
  );
}
