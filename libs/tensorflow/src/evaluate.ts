/** Computing parts of a `GraphDef` that need no input. */
import { create, toBinary } from '@bufbuild/protobuf';
import { GraphDefSchema, type GraphDef } from './generated/tensorflow/core/framework/graph_pb.js';
import { Graph } from './graph.js';
import { operationOfInput, prune } from './prune.js';
import { Session } from './session.js';
import type { Tensor } from './tensor.js';

/**
 * Runs some outputs, in a graph and session of their own.
 *
 * @param names 'scope/op:1'; without a number, the first output. None depends on a placeholder or a variable.
 * @returns Tensors in the order of `names`, the caller's to give back.
 */
export async function evaluate(graphDef: GraphDef, names: readonly string[]): Promise<Tensor[]> {
  if (names.length === 0) return [];
  using graph = new Graph();
  const needed = prune(graphDef, names.map(operationOfInput));
  graph.importGraphDef(toBinary(GraphDefSchema, create(GraphDefSchema, needed)));
  using session = new Session(graph);
  return await session.run({ fetches: names.map((name) => graph.output(name)) });
}
