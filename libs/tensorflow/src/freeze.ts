/** Freezing: a graph for serving, whose variables are constants and which holds nothing that its outputs do not need. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { CodedError } from '@bluewaters/errors';
import { constantNode, typeAttribute } from './constant-node.js';
import type { DType } from './dtypes.js';
import { foldBatchNorms } from './fold-batch-norm.js';
import { foldConstants } from './fold-constants.js';
import { AttrValueSchema } from './generated/tensorflow/core/framework/attr_value_pb.js';
import { GraphDefSchema, type GraphDef } from './generated/tensorflow/core/framework/graph_pb.js';
import { NodeDefSchema, type NodeDef } from './generated/tensorflow/core/framework/node_def_pb.js';
import type { Output } from './operation.js';
import { operationOfInput, prune } from './prune.js';
import type { SavedModelSignature } from './saved-model-graph.js';
import type { Session } from './session.js';
import type { Shape } from './shape.js';
import { shapeProto } from './tensor-proto.js';

/** What is done besides. */
export interface FreezeOptions {
  /** Computes beforehand what depends on no input; true by default. */
  readonly foldConstants?: boolean;
  /** Puts batch normalisation by moving averages into the weights of the convolution before it; true by default. */
  readonly foldBatchNorms?: boolean;
}

/** An input or an output of a frozen model. */
export interface FrozenTensor {
  /** In the graph: 'x:0'. */
  readonly name: string;
  readonly dtype: DType;
  /** Undefined when the rank is unknown. */
  readonly shape: Shape | undefined;
}

/** A model in one message. */
export interface FrozenModel {
  /** A serialized `GraphDef`, for `importGraphDef` here and `tf.import_graph_def` in Python. */
  readonly graphDef: Uint8Array;
  readonly inputs: Readonly<Record<string, FrozenTensor>>;
  readonly outputs: Readonly<Record<string, FrozenTensor>>;
}

/**
 * Freezes what a signature describes, with the variables as the session has them.
 *
 * @param signature Its inputs may be any outputs of the graph: what is before them is cut off, so that a model which
 * decodes pictures can be frozen to take pixels. Its outputs keep their names.
 * @throws {CodedError} GRAPH_INVALID when an operation needs a variable itself and not its value.
 */
export async function freeze(
  session: Session,
  { inputs, outputs }: Pick<SavedModelSignature, 'inputs' | 'outputs'>,
  options: FreezeOptions = {},
): Promise<FrozenModel> {
  const ends = Object.values(outputs).map(({ operation }) => operation.name);
  const whole = fromBinary(GraphDefSchema, session.graph.toGraphDef());
  const serving = prune(withPlaceholders(whole, Object.values(inputs)), ends);
  let graph = prune(await withoutVariables(session, serving), ends);
  if (options.foldConstants ?? true) graph = prune(await foldConstants(graph, ends), ends);
  if (options.foldBatchNorms ?? true) graph = prune(await foldBatchNorms(graph, ends), ends);
  return {
    graphDef: toBinary(GraphDefSchema, graph),
    inputs: describeAll(inputs, placeholderName),
    outputs: describeAll(outputs, ({ name }) => name),
  };
}

function describeAll(outputs: Readonly<Record<string, Output>>, nameOf: (output: Output) => string) {
  const entries = Object.entries(outputs);
  return Object.fromEntries(
    entries.map(([key, output]): [string, FrozenTensor] => {
      return [key, { name: nameOf(output), dtype: output.dtype, shape: output.shape }];
    }),
  );
}

/** A placeholder stays; anything else gets one beside it, which takes its place. */
function placeholderName({ operation, index, name }: Output): string {
  return operation.type === 'Placeholder' ? name : `${operation.name}/fed_${index}:0`;
}

function withPlaceholders(graph: GraphDef, inputs: readonly Output[]): GraphDef {
  const cut = inputs.filter(({ operation }) => operation.type !== 'Placeholder');
  const renamed = new Map(cut.map((output) => [keyOf(output), placeholderName(output).slice(0, -2)]));
  const rewired = graph.node.map((node) => ({
    ...node,
    device: '', // where it was trained says nothing about where it is served
    input: node.input.map((input) => renamed.get(input.replace(/:0$/, '')) ?? input),
  }));
  return { ...graph, node: [...rewired, ...cut.map(placeholderFor)] };
}

/** As nodes name their inputs: the first output has no number. */
function keyOf({ operation, index }: Output): string {
  return index === 0 ? operation.name : `${operation.name}:${index}`;
}

function placeholderFor(output: Output): NodeDef {
  const shape = create(AttrValueSchema, { value: { case: 'shape', value: shapeProto(output.shape) } });
  return create(NodeDefSchema, {
    name: placeholderName(output).slice(0, -2),
    op: 'Placeholder',
    attr: { dtype: typeAttribute(output.dtype), shape },
  });
}

/** Each read of a variable becomes its value; with the reads gone, nothing needs the variable itself. */
async function withoutVariables(session: Session, graph: GraphDef): Promise<GraphDef> {
  const reads = graph.node.filter(({ op }) => op === 'ReadVariableOp' || op === 'VariableV2');
  const fetches = reads.map(({ name }) => session.graph.output(name));
  const tensors = fetches.length > 0 ? await session.run({ fetches }) : [];
  try {
    const constants = new Map(reads.map(({ name }, i) => [name, constantNode(name, tensors[i]!)]));
    const frozen = { ...graph, node: graph.node.map((node) => constants.get(node.name) ?? node) };
    requireNoVariables(frozen);
    return frozen;
  } finally {
    for (const tensor of tensors) tensor[Symbol.dispose]();
  }
}

function requireNoVariables({ node }: GraphDef): void {
  const variables = new Set(node.filter(({ op }) => op === 'VarHandleOp').map(({ name }) => name));
  const user = node.find(({ input }) => input.some((name) => variables.has(operationOfInput(name))));
  if (!user) return;
  throw new CodedError('GRAPH_INVALID', 'an operation that needs a variable itself cannot be frozen', {
    details: { field: user.name, got: user.op },
  });
}
