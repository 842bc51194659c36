/** How one run goes, as TensorFlow's `RunOptions`. */
import { create, toBinary } from '@bufbuild/protobuf';
import { CodedError } from '@bluewaters/errors';
import { bufferOf } from './buffers.js';
import { RunOptions_TraceLevel, RunOptionsSchema } from './generated/tensorflow/core/protobuf/config_pb.js';
import type { Handle } from './handles.js';

/** How one run goes. */
export interface RunOptions {
  /** The run fails with DEADLINE_EXCEEDED when it takes longer, in milliseconds; by default it may take for ever. */
  readonly timeoutMs?: number;
}

/**
 * Serialized options; the caller gives them back after the run. Undefined where TensorFlow's defaults do.
 *
 * @param traced Whether TensorFlow notes what every operation does.
 * @throws {CodedError} CONFIG_INVALID for a timeout that is not a positive whole number.
 */
export function nativeRunOptions({ timeoutMs }: RunOptions, traced: boolean): Handle | undefined {
  if (timeoutMs === undefined && !traced) return undefined;
  if (timeoutMs !== undefined && !(Number.isSafeInteger(timeoutMs) && timeoutMs > 0)) {
    throw new CodedError('CONFIG_INVALID', 'a timeout is a positive whole number of milliseconds', {
      details: { field: 'timeoutMs', got: String(timeoutMs) },
    });
  }
  const options = create(RunOptionsSchema, {
    timeoutInMs: BigInt(timeoutMs ?? 0),
    traceLevel: traced ? RunOptions_TraceLevel.FULL_TRACE : RunOptions_TraceLevel.NO_TRACE,
  });
  return bufferOf(toBinary(RunOptionsSchema, options));
}
