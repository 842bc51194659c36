/**
 * Batch normalisation by moving averages is a factor and a term for each channel: after a convolution both go into its
 * filter and a bias.
 */
import { CodedError } from '@bluewaters/errors';
import { constantNode } from './constant-node.js';
import { evaluate } from './evaluate.js';
import type { GraphDef } from './generated/tensorflow/core/framework/graph_pb.js';
import type { NodeDef } from './generated/tensorflow/core/framework/node_def_pb.js';
import { DataType } from './generated/tensorflow/core/framework/types_pb.js';
import { operationOfInput } from './prune.js';
import { Tensor } from './tensor.js';

/** A convolution whose only use is the batch normalisation. */
interface Pair {
  readonly convolution: NodeDef;
  readonly norm: NodeDef;
}

const CONVOLUTIONS = ['Conv2D', 'DepthwiseConv2dNative'];
const NORMS = ['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'];
/** TensorFlow's default of the attribute epsilon, for a graph that leaves defaults out. */
const DEFAULT_EPSILON = 0.0001;

/**
 * Folds every batch normalisation that follows a convolution and has constant weights; others stay.
 *
 * @param ends Names of operations whose values are asked for.
 * @see Jacob et al. 2018, Quantization and Training of Neural Networks, section 3.2
 */
export async function foldBatchNorms(graph: GraphDef, ends: readonly string[]): Promise<GraphDef> {
  const pairs = findPairs(graph, new Set(ends));
  const weights = pairs.flatMap(({ convolution, norm }) => [convolution.input[1]!, ...norm.input.slice(1, 5)]);
  const tensors = await evaluate(graph, weights);
  try {
    const folded = new Map(
      pairs.flatMap((pair, i) => fold(pair, tensors.slice(5 * i, 5 * i + 5)).map((node) => [node.name, node] as const)),
    );
    const kept = graph.node.map((node) => folded.get(node.name) ?? node);
    const names = new Set(graph.node.map(({ name }) => name));
    return { ...graph, node: [...kept, ...[...folded.values()].filter(({ name }) => !names.has(name))] };
  } finally {
    for (const tensor of tensors) tensor[Symbol.dispose]();
  }
}

function findPairs({ node }: GraphDef, ends: ReadonlySet<string>): Pair[] {
  const byName = new Map(node.map((one) => [one.name, one]));
  const inputs = node.flatMap(({ input }) => input);
  const uses = (name: string) => inputs.filter((input) => operationOfInput(input) === name);
  return node.flatMap((norm) => {
    const convolution = byName.get(norm.input[0] ?? '');
    if (!NORMS.includes(norm.op) || isTraining(norm) || !convolution || !CONVOLUTIONS.includes(convolution.op))
      return [];
    const alone = uses(convolution.name).length === 1 && !ends.has(convolution.name);
    const onlyFirst = uses(norm.name).every((input) => input === norm.name);
    const weights = [convolution.input[1]!, ...norm.input.slice(1, 5)];
    const constant = weights.every((name) => byName.get(name)?.op === 'Const');
    return alone && onlyFirst && constant && norm.input.length === 5 && isFloat32(norm) ? [{ convolution, norm }] : [];
  });
}

/** True is the default. */
function isTraining({ attr }: NodeDef): boolean {
  const value = attr['is_training']?.value;
  return value?.case !== 'b' || value.value;
}

function isFloat32({ attr }: NodeDef): boolean {
  const value = attr['T']?.value;
  return value?.case === 'type' && value.value === DataType.DT_FLOAT;
}

/** The new filter, the convolution that takes it, the bias, and an addition under the normalisation's own name. */
function fold({ convolution, norm }: Pair, tensors: readonly Tensor[]): NodeDef[] {
  type Five = [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
  const [filter, scale, offset, mean, variance] = tensors.map((tensor) => tensor.values('float32')) as Five;
  const epsilon = floatAttribute(norm, 'epsilon') ?? DEFAULT_EPSILON;
  const factors = Float64Array.from(scale, (value, c) => value / Math.sqrt(variance[c]! + epsilon));
  const terms = Float32Array.from(offset, (value, c) => value - mean[c]! * factors[c]!);
  const shape = tensors[0]!.shape;
  // The channels of the result are the last axis of a filter [height, width, in, out], and the last two of a
  // depthwise one [height, width, in, multiplier]: in both cases they change fastest.
  const scaled = filter.map((value, i) => value * factors[i % factors.length]!);
  using newFilter = Tensor.of('float32', shape, scaled);
  using newBias = Tensor.of('float32', [terms.length], terms);
  const names = { filter: `${norm.name}/folded_filter`, bias: `${norm.name}/folded_bias` };
  const { T, data_format: format } = norm.attr;
  if (!T) throw new CodedError('INTERNAL', 'a batch normalisation without an element type');
  return [
    constantNode(names.filter, newFilter),
    constantNode(names.bias, newBias),
    { ...convolution, input: convolution.input.map((input, i) => (i === 1 ? names.filter : input)) },
    {
      ...norm,
      op: 'BiasAdd',
      input: [convolution.name, names.bias],
      attr: { T, ...(format && { data_format: format }) },
    },
  ];
}

function floatAttribute({ attr }: NodeDef, name: string): number | undefined {
  const value = attr[name]?.value;
  return value?.case === 'f' ? value.value : undefined;
}
