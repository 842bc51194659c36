/** Constant folding: what depends on no input is computed once, by TensorFlow itself. */
import { constantNode } from './constant-node.js';
import { evaluate } from './evaluate.js';
import type { GraphDef } from './generated/tensorflow/core/framework/graph_pb.js';
import type { NodeDef } from './generated/tensorflow/core/framework/node_def_pb.js';
import type { OpDef } from './generated/tensorflow/core/framework/op_def_pb.js';
import { DataType } from './generated/tensorflow/core/framework/types_pb.js';
import { Graph } from './graph.js';
import { operationOfInput } from './prune.js';
import type { Tensor } from './tensor.js';

/** A result larger than this is left to the graph: a `Fill` is shorter than the tensor that it fills. */
const MAX_NEW_BYTES = 64 << 10;

/** Control flow of the first kind carries meaning that its values do not. */
const CONTROL_FLOW = /^(Switch|Merge|Enter|Exit|NextIteration|RefSwitch)$/;

/**
 * Replaces what is constant by constants, wherever something that is not uses it.
 *
 * @param ends Names of operations that stay what they are.
 */
export async function foldConstants(graph: GraphDef, ends: readonly string[]): Promise<GraphDef> {
  const constant = constantNames(graph, new Set(ends));
  const byName = new Map(graph.node.map((node) => [node.name, node]));
  const used = graph.node.filter(({ name }) => !constant.has(name)).flatMap(({ input }) => input);
  const wanted = [...new Set(used)].filter((input) => {
    const name = operationOfInput(input);
    return !input.startsWith('^') && constant.has(name) && byName.get(name)?.op !== 'Const';
  });
  const tensors = await evaluate(graph, wanted);
  try {
    const found = new Map(wanted.map((name, i) => [name, tensors[i]!]));
    for (const [name, tensor] of found)
      if (!worthKeeping(byName.get(operationOfInput(name)), byName, tensor)) found.delete(name);
    return replace(graph, found);
  } finally {
    for (const tensor of tensors) tensor[Symbol.dispose]();
  }
}

/** The names of stateless operations all of whose inputs are constant. */
function constantNames({ node }: GraphDef, ends: ReadonlySet<string>): Set<string> {
  using definitions = new Graph();
  const foldable = node.filter(
    ({ op, name, input }) =>
      op === 'Const' || (!ends.has(name) && input.length > 0 && isPure(op, definitions.definition(op))),
  );
  const found = new Set<string>();
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { name, input } of foldable) {
      if (input.every((from) => !from.startsWith('^') && found.has(operationOfInput(from)))) found.add(name);
    }
  }
  return found;
}

/** Functions of the graph have no definition here, and are left alone. */
function isPure(op: string, definition: OpDef | undefined): boolean {
  if (!definition || definition.isStateful || CONTROL_FLOW.test(op)) return false;
  const opaque: readonly number[] = [DataType.DT_RESOURCE, DataType.DT_VARIANT];
  return definition.outputArg.length > 0 && definition.outputArg.every(({ type }) => !opaque.includes(type));
}

/** Whether a result takes not much more room than the constants that it comes from. */
function worthKeeping(node: NodeDef | undefined, byName: ReadonlyMap<string, NodeDef>, result: Tensor): boolean {
  return result.byteLength <= MAX_NEW_BYTES || result.byteLength <= constantBytes(node, byName);
}

function constantBytes(node: NodeDef | undefined, byName: ReadonlyMap<string, NodeDef>): number {
  const value = node?.attr['value']?.value;
  if (node?.op === 'Const' && value?.case === 'tensor') return value.value.tensorContent.byteLength;
  return (node?.input ?? []).reduce((sum, from) => sum + constantBytes(byName.get(operationOfInput(from)), byName), 0);
}

/** A first output gives its constant the operation's name; a further one gets a name of its own. */
function replace(graph: GraphDef, results: ReadonlyMap<string, Tensor>): GraphDef {
  const nameOf = (input: string) => (input.includes(':') ? `${input.replace(':', '/output_')}` : input);
  const constants = [...results].map(([input, tensor]) => constantNode(nameOf(input), tensor));
  const names = new Set(constants.map(({ name }) => name));
  const rewired = graph.node
    .filter(({ name }) => !names.has(name))
    .map((node) => ({ ...node, input: node.input.map((from) => (results.has(from) ? nameOf(from) : from)) }));
  return { ...graph, node: [...constants, ...rewired] };
}
