import { fromJson, toBinary, type JsonObject } from '@bufbuild/protobuf';
import { ExampleSchema } from './generated/tensorflow/core/example/example_pb.js';

/** A serialized `tf.train.Example`, from its features in the JSON form of messages; bytes are base64. */
export function encodeExample(feature: JsonObject): Uint8Array {
  return toBinary(ExampleSchema, fromJson(ExampleSchema, { features: { feature } }));
}
