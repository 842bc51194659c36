/** `TF_Buffer`: how serialized messages cross the C interface. */
import koffi from 'koffi';
import { Handle } from './handles.js';
import { copyMemory, native, type Pointer } from './native.js';

/** The fields of `TF_Buffer` up to the ones that are read here. */
const FIELDS = koffi.struct({ data: 'void *', length: 'size_t' });

/** An empty buffer that TensorFlow writes a message into. */
export function newBuffer(): Handle {
  const { TF_NewBuffer, TF_DeleteBuffer } = native();
  return new Handle('buffer', TF_NewBuffer(), TF_DeleteBuffer);
}

/** A buffer with a copy of `bytes`. */
export function bufferOf(bytes: Uint8Array): Handle {
  const { TF_NewBufferFromString, TF_DeleteBuffer } = native();
  return new Handle('buffer', TF_NewBufferFromString(bytes, bytes.byteLength), TF_DeleteBuffer);
}

/** A copy of what TensorFlow wrote into a buffer. */
export function readBuffer(buffer: Handle): Uint8Array {
  const { data, length } = koffi.decode(buffer.pointer, FIELDS) as { data: Pointer | null; length: number };
  if (data === null) return new Uint8Array();
  const copy = new Uint8Array(length);
  // Not by way of a view: on Node 16 a second one at an address that was given out again ends the process.
  if (length > 0) copyMemory(copy, data, length);
  return copy;
}
