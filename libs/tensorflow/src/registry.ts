/** TensorFlow's registry: every operation that the library knows, with its inputs, outputs and attributes. */
import { fromBinary } from '@bufbuild/protobuf';
import { CodedError } from '@bluewaters/errors';
import { readBuffer } from './buffers.js';
import { OpListSchema, type OpDef } from './generated/tensorflow/core/framework/op_def_pb.js';
import { Handle } from './handles.js';
import { native } from './native.js';
import { checkedPointer } from './status.js';

let registered: readonly OpDef[] | undefined;

/**
 * All operations that the library registers, in the order of their names: some 1,800. Each can be added by
 * `scope.op(name, …)`. The first call reads them from the library, which takes up to a second; later ones take no time.
 */
export function registeredOperations(): readonly OpDef[] {
  registered ??= read();
  return registered;
}

/** Whether an operation has a kernel for a type of device, such as GPU, whether or not there is such a device. */
export function hasKernel(operation: string, device: string): boolean {
  const { TF_GetRegisteredKernelsForOp, TF_DeleteBuffer } = native();
  const kernels = checkedPointer(
    (status) => TF_GetRegisteredKernelsForOp(operation, status),
    (failure) => new CodedError('GRAPH_INVALID', failure.message, { cause: failure }),
  );
  using buffer = new Handle('buffer', kernels, TF_DeleteBuffer);
  return Buffer.from(readBuffer(buffer)).includes(device);
}

function read(): OpDef[] {
  const { TF_GetAllOpList, TF_DeleteBuffer } = native();
  using buffer = new Handle('buffer', TF_GetAllOpList(), TF_DeleteBuffer);
  return fromBinary(OpListSchema, readBuffer(buffer)).op.sort((a, b) => (a.name < b.name ? -1 : 1));
}
