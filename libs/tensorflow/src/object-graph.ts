/** Checkpoints of Keras and tf.Module, whose keys are paths through Python's objects and not the variables' names. */
import { fromBinary } from '@bufbuild/protobuf';
import { listCheckpoint, readCheckpoint, type CheckpointEntry } from './checkpoint-contents.js';
import type { Tensor } from './tensor.js';
import { TrackableObjectGraphSchema } from './generated/tensorflow/core/protobuf/trackable_object_graph_pb.js';

/** One variable of such a checkpoint. */
export interface ObjectVariable extends CheckpointEntry {
  /** What Python calls the variable: 'conv1_conv/kernel', where `name` is '_operations/2/_kernel/.ATTRIBUTES/…'. */
  readonly fullName: string;
}

const OBJECT_GRAPH = '_CHECKPOINTABLE_OBJECT_GRAPH';

/**
 * Lists the variables of a checkpoint by the names that Python gave them. One that several objects hold, as in Keras's
 * exports, is listed once.
 *
 * @param prefix Of the files; for a SavedModel 'DIRECTORY/variables/variables'.
 * @returns Undefined for a checkpoint whose keys are names already, such as ours and TF-slim's.
 * @throws {CodedError} CHECKPOINT_INVALID when the files are missing, cut short or damaged.
 * @see tensorflow/core/protobuf/trackable_object_graph.proto
 */
export async function listObjectVariables(prefix: string): Promise<ObjectVariable[] | undefined> {
  const entries = new Map((await listCheckpoint(prefix)).map((entry) => [entry.name, entry]));
  const graph = entries.get(OBJECT_GRAPH);
  if (!graph) return undefined;
  const [[, serialized]] = [...(await readCheckpoint(prefix, [graph]))] as [[string, Tensor]];
  using _ = serialized;
  const { nodes } = fromBinary(TrackableObjectGraphSchema, serialized.strings()[0] ?? new Uint8Array());
  const byFullName = new Map<string, ObjectVariable>();
  for (const { fullName, checkpointKey } of nodes.flatMap(({ attributes }) => attributes)) {
    const entry = entries.get(checkpointKey);
    if (entry && fullName !== '' && !byFullName.has(fullName)) byFullName.set(fullName, { ...entry, fullName });
  }
  return [...byFullName.values()];
}
