/** What a checkpoint holds, whoever wrote it: names, dtypes and shapes, and the values themselves. */
import { readFile } from 'node:fs/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { CodedError, toCodedError } from '@bluewaters/errors';
import { readTable } from './checkpoint-table.js';
import { dtypeOfNumber, type DType } from './dtypes.js';
import { BundleEntryProtoSchema } from './generated/tensorflow/core/protobuf/tensor_bundle_pb.js';
import { Graph } from './graph.js';
import { Session } from './session.js';
import { shapeOfProto } from './tensor-proto.js';
import type { Tensor } from './tensor.js';

/** One tensor of a checkpoint. */
export interface CheckpointEntry {
  /** Its key: a variable's name. */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/**
 * Lists a checkpoint's tensors in the order of their names. Only the index is read, and no TensorFlow is needed.
 *
 * @param prefix Of the files: '/run/model.ckpt-1000'.
 * @throws {CodedError} CHECKPOINT_INVALID when there is no index or it is damaged.
 */
export async function listCheckpoint(prefix: string): Promise<CheckpointEntry[]> {
  const file = `${prefix}.index`;
  const bytes = await readFile(file).catch((error: unknown) => {
    const { message } = toCodedError(error);
    throw new CodedError('CHECKPOINT_INVALID', `the checkpoint has no index: ${message}`, {
      details: { file: prefix },
      cause: error,
    });
  });
  const entries = [...readTable(bytes, { file })].filter(([key]) => isName(key));
  return entries.map(([name, value]) => {
    const { dtype, shape } = fromBinary(BundleEntryProtoSchema, value);
    return { name, dtype: dtypeOfNumber(dtype), shape: (shapeOfProto(shape) ?? []).map((length) => length ?? 0) };
  });
}

/** The empty key has the header, and the parts of a partitioned tensor have keys that begin with a zero byte. */
function isName(key: string): boolean {
  return key !== '' && !key.startsWith('\0');
}

/**
 * Reads tensors of a checkpoint, without a graph of one's own.
 *
 * @param entries Of {@link listCheckpoint}; all of them by default.
 * @returns By name; the tensors are the caller's to give back.
 * @throws {CodedError} CHECKPOINT_INVALID when the files are missing, cut short or damaged.
 */
export async function readCheckpoint(
  prefix: string,
  entries?: readonly CheckpointEntry[],
): Promise<Map<string, Tensor>> {
  const byName = new Map((entries ?? (await listCheckpoint(prefix))).map((entry) => [entry.name, entry]));
  const wanted = [...byName.values()];
  if (wanted.length === 0) return new Map();
  using graph = new Graph();
  const scope = graph.scope();
  const strings = (values: readonly string[]) => scope.constant(values, { dtype: 'string' });
  const restored = scope.op('RestoreV2', {
    inputs: [
      scope.constant(prefix, { dtype: 'string' }),
      strings(wanted.map(({ name }) => name)),
      strings(wanted.map(() => '')),
    ],
    attributes: { dtypes: wanted.map(({ dtype }) => dtype) },
  });
  using session = new Session(graph);
  const tensors = await session.run({ fetches: restored.outputs }).catch((error: unknown) => {
    throw unreadable(prefix, error);
  });
  return new Map(wanted.map(({ name }, i) => [name, tensors[i]!]));
}

/** The error for a checkpoint that TensorFlow could not read. */
export function unreadable(prefix: string, error: unknown): CodedError {
  const details = { file: prefix };
  return new CodedError('CHECKPOINT_INVALID', toCodedError(error).message, { details, cause: error });
}
