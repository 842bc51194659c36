/** Graph models of TensorFlow.js: a frozen graph as JSON, and its constants in files that a browser fetches and caches. */
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary, toJson } from '@bufbuild/protobuf';
import { CodedError, toCodedError } from '@bluewaters/errors';
import { evaluate } from './evaluate.js';
import type { FrozenModel, FrozenTensor } from './freeze.js';
import { GraphDefSchema, type GraphDef } from './generated/tensorflow/core/framework/graph_pb.js';
import type { NodeDef } from './generated/tensorflow/core/framework/node_def_pb.js';
import { DataType } from './generated/tensorflow/core/framework/types_pb.js';
import { TensorShapeProtoSchema } from './generated/tensorflow/core/framework/tensor_shape_pb.js';
import { dtypeNumber, type DType } from './dtypes.js';
import { shapeProto } from './tensor-proto.js';
import type { Tensor } from './tensor.js';
import { TFJS_OPERATIONS } from './tfjs-operations.js';

/** How the model is written. */
export interface TfjsModelOptions {
  /** Bytes of one file of weights; 4 MiB by default, which browsers keep in their caches. */
  readonly shardBytes?: number;
}

/** One constant, as the manifest describes it. */
interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: TfjsDType;
  readonly bytes: Uint8Array;
}

type TfjsDType = 'float32' | 'int32' | 'bool' | 'string';

const SHARD_BYTES = 4 << 20;

/**
 * Writes `model.json` and its files of weights, which `tf.loadGraphModel` loads. The folder appears whole or not at
 * all.
 *
 * @param directory New; the folder around it exists.
 * @param model Of `freeze`, with inputs that tfjs can feed: pixels, and not JPEG bytes.
 * @throws {CodedError} GRAPH_INVALID for operations or constants that tfjs does not have; OBJECT_EXISTS; STORE_FULL.
 * @see tfjs-core/src/io/types.ts, ModelJSON and WeightsManifestConfig
 */
export async function writeTfjsModel(
  directory: string,
  model: FrozenModel,
  options: TfjsModelOptions = {},
): Promise<void> {
  const graph = fromBinary(GraphDefSchema, model.graphDef);
  requireOperations(graph);
  await refuseExisting(directory);
  const weights = await readWeights(graph);
  const shards = split(Buffer.concat(weights.map(({ bytes }) => bytes)), options.shardBytes ?? SHARD_BYTES);
  const paths = shards.map((_, i) => `group1-shard${i + 1}of${shards.length}.bin`);
  const manifest = [{ paths, weights: weights.map(({ name, shape, dtype }) => ({ name, shape, dtype })) }];
  await writeFolder(directory, [
    ...shards.map((bytes, i) => [paths[i]!, bytes] as const),
    ['model.json', Buffer.from(JSON.stringify(modelJson(graph, model, manifest)))],
  ]);
}

function modelJson(graph: GraphDef, { inputs, outputs }: FrozenModel, weightsManifest: unknown): object {
  const topology = { ...graph, node: graph.node.map(withoutValue) };
  return {
    format: 'graph-model',
    generatedBy: '@bluewaters/tensorflow',
    convertedBy: '@bluewaters/tensorflow',
    signature: { inputs: infos(inputs), outputs: infos(outputs) },
    modelTopology: toJson(GraphDefSchema, topology),
    weightsManifest,
  };
}

function infos(tensors: Readonly<Record<string, FrozenTensor>>): object {
  const entries = Object.entries(tensors);
  return Object.fromEntries(
    entries.map(([key, { name, dtype, shape }]) => [
      key,
      {
        name,
        dtype: DataType[dtypeNumber(dtype)],
        tensorShape: toJson(TensorShapeProtoSchema, shapeProto(shape)),
      },
    ]),
  );
}

function requireOperations({ node }: GraphDef): void {
  const lacking = [...new Set(node.map(({ op }) => op).filter((op) => !TFJS_OPERATIONS.has(op)))].sort();
  if (lacking.length === 0) return;
  const field = node.find(({ op }) => op === lacking[0])?.name;
  throw new CodedError('GRAPH_INVALID', `TensorFlow.js has no ${lacking.join(', ')}; freeze with inputs behind them`, {
    details: { ...(field !== undefined && { field }) },
  });
}

/** The element types that tfjs has, which are fewer: what fits is kept as float32 or int32. */
const TFJS_DTYPES: Partial<Record<DType, TfjsDType>> = {
  float32: 'float32',
  float64: 'float32',
  int8: 'int32',
  uint8: 'int32',
  int16: 'int32',
  uint16: 'int32',
  int32: 'int32',
  int64: 'int32',
  bool: 'bool',
  string: 'string',
};

async function readWeights(graph: GraphDef): Promise<Weight[]> {
  const names = graph.node.filter(({ op }) => op === 'Const').map(({ name }) => name);
  const tensors = await evaluate(graph, names);
  try {
    return tensors.map((tensor, i) => weightOf(names[i]!, tensor));
  } finally {
    for (const tensor of tensors) tensor[Symbol.dispose]();
  }
}

function weightOf(name: string, tensor: Tensor): Weight {
  const dtype = TFJS_DTYPES[tensor.dtype];
  if (dtype) return { name, shape: tensor.shape, dtype, bytes: encode(dtype, tensor) };
  throw new CodedError('GRAPH_INVALID', 'TensorFlow.js has no such element type', {
    details: { field: name, expected: Object.keys(TFJS_DTYPES).join(', '), got: tensor.dtype },
  });
}

function encode(dtype: TfjsDType, tensor: Tensor): Uint8Array {
  if (dtype === 'string') return Buffer.concat(tensor.strings().flatMap((text) => [lengthOf(text), text]));
  const values = tensor.values();
  const numbers = dtype === 'bool' ? values : inRange(dtype, values);
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

/** Indices such as "to the end" are the greatest int64; they stay the greatest. */
function inRange(dtype: 'float32' | 'int32', values: ArrayLike<number | bigint>): Float32Array | Int32Array {
  if (dtype === 'float32') return Float32Array.from(values, Number);
  const [least, greatest] = [-(2 ** 31), 2 ** 31 - 1];
  return Int32Array.from(values, (value) => Math.max(least, Math.min(greatest, Number(value))));
}

function lengthOf(text: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return length;
}

/** The value is in the files; what tells its dtype stays. */
function withoutValue(node: NodeDef): NodeDef {
  if (node.op !== 'Const') return node;
  const { value: _, ...attr } = node.attr;
  return { ...node, attr };
}

function split(bytes: Buffer, size: number): Buffer[] {
  const count = Math.max(1, Math.ceil(bytes.length / size));
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

async function refuseExisting(directory: string): Promise<void> {
  if (!(await stat(directory).catch(() => undefined))) return;
  throw new CodedError('OBJECT_EXISTS', 'a model is never written over', { details: { file: directory } });
}

async function writeFolder(
  directory: string,
  files: readonly (readonly [name: string, bytes: Uint8Array])[],
): Promise<void> {
  const beside = `${directory}.writing-${process.pid}`;
  try {
    await mkdir(beside);
    for (const [name, bytes] of files) {
      await using file = await open(join(beside, name), 'wx');
      await file.writeFile(bytes);
      await file.sync();
    }
    await rename(beside, directory);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw toCodedError(error);
  }
}
