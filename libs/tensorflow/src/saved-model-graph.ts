/** SavedModels: what `saved_model.pb` says, for Python, TF Serving and tfjs-node alike. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Saver } from './checkpoint.js';
import { dtypeNumber } from './dtypes.js';
import { GraphDefSchema, type GraphDef } from './generated/tensorflow/core/framework/graph_pb.js';
import { OpListSchema, type OpList } from './generated/tensorflow/core/framework/op_def_pb.js';
import { VariableDefSchema } from './generated/tensorflow/core/framework/variable_pb.js';
import {
  CollectionDefSchema,
  MetaGraphDefSchema,
  SignatureDefSchema,
  TensorInfoSchema,
  type CollectionDef,
  type MetaGraphDef,
  type SignatureDef,
  type TensorInfo,
} from './generated/tensorflow/core/protobuf/meta_graph_pb.js';
import { SavedModelSchema } from './generated/tensorflow/core/protobuf/saved_model_pb.js';
import {
  SaverDef_CheckpointFormatVersion,
  SaverDefSchema,
  type SaverDef,
} from './generated/tensorflow/core/protobuf/saver_pb.js';
import type { Graph } from './graph.js';
import { tensorflowVersion } from './native.js';
import type { Operation, Output } from './operation.js';
import { prune } from './prune.js';
import { shapeProto } from './tensor-proto.js';
import type { Variable } from './variables.js';

/** What a model takes and gives, by names of its own. */
export interface SavedModelSignature {
  readonly inputs: Readonly<Record<string, Output>>;
  readonly outputs: Readonly<Record<string, Output>>;
  /** 'tensorflow/serving/predict' unless it says otherwise. */
  readonly methodName?: string;
}

/** A file that the graph reads, such as a vocabulary: it travels with the model. */
export interface SavedModelAsset {
  /** String scalar with the file's path; a loader feeds the path within the model when it runs the initializer. */
  readonly output: Output;
  /** Path of the file. */
  readonly file: string;
}

/** What goes into one meta graph. */
export interface MetaGraphParts {
  readonly graph: Graph;
  readonly signatures: Readonly<Record<string, SavedModelSignature>>;
  /** Undefined when there are no variables. */
  readonly saver: Saver | undefined;
  readonly tags: readonly string[];
  /** Leave out what neither a signature nor a variable needs. */
  readonly stripTraining: boolean;
  /** With the names of their files in the model's folder `assets`. */
  readonly assets: readonly (SavedModelAsset & { readonly name: string })[];
  /** Runs once when the model is loaded, after the variables are there: what fills tables. */
  readonly initializer: Operation | undefined;
}

const PREDICT = 'tensorflow/serving/predict';
const SCHEMA_VERSION = 1n;
const INITIALIZER = '__saved_model_init_op';

/** A serialized `SavedModel` with one meta graph. */
export function encodeSavedModel(parts: MetaGraphParts): Uint8Array {
  const metaGraphs = [metaGraph(parts)];
  return toBinary(SavedModelSchema, create(SavedModelSchema, { savedModelSchemaVersion: SCHEMA_VERSION, metaGraphs }));
}

function metaGraph(parts: MetaGraphParts): MetaGraphDef {
  const { graph, signatures, saver, tags, stripTraining, assets, initializer } = parts;
  const whole = fromBinary(GraphDefSchema, graph.toGraphDef());
  const graphDef = withoutDevices(stripTraining ? prune(whole, rootsOf(parts)) : whole);
  return create(MetaGraphDefSchema, {
    metaInfoDef: {
      tags: [...tags],
      tensorflowVersion: tensorflowVersion(),
      strippedOpList: operationList(graph, graphDef),
    },
    graphDef,
    ...(saver && { saverDef: saverDef(saver), collectionDef: collections(saver.variables) }),
    assetFileDef: assets.map(({ output, name }) => ({ tensorInfo: tensorInfo(output), filename: name })),
    signatureDef: {
      ...Object.fromEntries(Object.entries(signatures).map(([name, signature]) => [name, signatureDef(signature)])),
      ...(initializer && { [INITIALIZER]: initializerSignature(initializer) }),
    },
  });
}

/** As Python does it: a signature whose one output is the name of an operation. */
function initializerSignature({ name }: Operation): SignatureDef {
  return create(SignatureDefSchema, {
    outputs: { [INITIALIZER]: create(TensorInfoSchema, { encoding: { case: 'name', value: name } }) },
  });
}

/** Python rebuilds each variable with its initializer, even though the values come from the files. */
function rootsOf({ signatures, saver, assets, initializer }: MetaGraphParts): Set<string> {
  const ends = Object.values(signatures).flatMap(({ inputs, outputs }) => [
    ...Object.values(inputs),
    ...Object.values(outputs),
  ]);
  const variables = saver?.variables ?? [];
  const outputs = [...ends, ...variables.map(({ value }) => value), ...assets.map((asset) => asset.output)];
  const operations = [
    ...(saver ? [saver.saved.operation, saver.restoreAll] : []),
    ...variables.map((variable) => variable.initializer),
    ...(initializer ? [initializer] : []),
  ];
  return new Set([...outputs.map(({ operation }) => operation), ...operations].map(({ name }) => name));
}

/** Where the model was trained says nothing about where it is served. */
function withoutDevices(graph: GraphDef): GraphDef {
  return { ...graph, node: graph.node.map((node) => ({ ...node, device: '' })) };
}

/** The definitions of all operations in use, by which an older reader knows what it lacks. */
function operationList(graph: Graph, { node, library }: GraphDef): OpList {
  const bodies = (library?.function ?? []).flatMap(({ nodeDef }) => nodeDef);
  const functions = new Set((library?.function ?? []).map(({ signature }) => signature?.name));
  const types = new Set([...node, ...bodies].map(({ op }) => op));
  const op = [...types]
    .filter((type) => !functions.has(type))
    .sort()
    .flatMap((type) => graph.definition(type) ?? []);
  return create(OpListSchema, { op });
}

function saverDef({ filename, saved, restoreAll }: Saver): SaverDef {
  return create(SaverDefSchema, {
    filenameTensorName: filename.name,
    saveTensorName: saved.name,
    restoreOpName: restoreAll.name,
    maxToKeep: 1,
    version: SaverDef_CheckpointFormatVersion.V2,
  });
}

function collections(variables: readonly Variable[]): Record<string, CollectionDef> {
  const collection = (members: readonly Variable[]) =>
    create(CollectionDefSchema, { kind: { case: 'bytesList', value: { value: members.map(encodeVariable) } } });
  return {
    variables: collection(variables),
    trainable_variables: collection(variables.filter(({ trainable }) => trainable)),
  };
}

function encodeVariable({ handle, initializer, initialValue, value, trainable }: Variable): Uint8Array {
  return toBinary(
    VariableDefSchema,
    create(VariableDefSchema, {
      variableName: handle.name,
      initializerName: initializer.name,
      initialValueName: initialValue.name,
      snapshotName: value.name,
      isResource: true,
      trainable,
    }),
  );
}

function signatureDef({ inputs, outputs, methodName = PREDICT }: SavedModelSignature): SignatureDef {
  return create(SignatureDefSchema, { inputs: tensorInfos(inputs), outputs: tensorInfos(outputs), methodName });
}

function tensorInfos(outputs: Readonly<Record<string, Output>>): Record<string, TensorInfo> {
  return Object.fromEntries(Object.entries(outputs).map(([key, output]) => [key, tensorInfo(output)]));
}

function tensorInfo(output: Output): TensorInfo {
  return create(TensorInfoSchema, {
    encoding: { case: 'name', value: output.name },
    dtype: dtypeNumber(output.dtype),
    tensorShape: shapeProto(output.shape),
  });
}
