/** TensorFlow's registry: every operation that the library knows, with its inputs, outputs and attributes. */
import { fromBinary } from '@bufbuild/protobuf';
import { readBuffer } from './buffers.js';
import { OpListSchema, type OpDef } from './generated/tensorflow/core/framework/op_def_pb.js';
import { Handle } from './handles.js';
import { native } from './native.js';

let registered: readonly OpDef[] | undefined;

/**
 * All operations that the library registers, in the order of their names: some 1,800. Each can be added by
 * `scope.op(name, …)`. The first call reads them from the library, which takes up to a second; later ones take no time.
 */
export function registeredOperations(): readonly OpDef[] {
  registered ??= read();
  return registered;
}

function read(): OpDef[] {
  const { TF_GetAllOpList, TF_DeleteBuffer } = native();
  using buffer = new Handle('buffer', TF_GetAllOpList(), TF_DeleteBuffer);
  return fromBinary(OpListSchema, readBuffer(buffer)).op.sort((a, b) => (a.name < b.name ? -1 : 1));
}
