/** Loading SavedModels, whoever wrote them. */
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { CodedError } from '@bluewaters/errors';
import { newBuffer, readBuffer } from './buffers.js';
import {
  MetaGraphDefSchema,
  type SignatureDef,
  type TensorInfo,
} from './generated/tensorflow/core/protobuf/meta_graph_pb.js';
import { Graph } from './graph.js';
import type { Handle } from './handles.js';
import { callAsync, native } from './native.js';
import type { Output } from './operation.js';
import type { SavedModelSignature } from './saved-model-graph.js';
import { nativeSessionOptions, type SessionOptions } from './session-options.js';
import { Session, sessionHandle } from './session.js';
import { failureOf, newStatus, notNull, type StatusError } from './status.js';

/** How a SavedModel is loaded. */
export interface LoadOptions extends SessionOptions {
  /** Which of the model's graphs; 'serve' by default. */
  readonly tags?: readonly string[];
}

/** A model that is ready to run. Disposing of it gives back its session and graph. */
export interface LoadedModel extends Disposable {
  readonly graph: Graph;
  /** Has the variables' values. */
  readonly session: Session;
  /** By name, such as 'serving_default'. Signatures whose inputs are not plain tensors are left out. */
  readonly signatures: Readonly<Record<string, Required<SavedModelSignature>>>;
  /** Paths of the files that came with the model, in its folder `assets`. */
  readonly assets: readonly string[];
}

/**
 * Loads a SavedModel with its variables, off the event loop.
 *
 * @throws {CodedError} MODEL_INVALID when the folder holds none, none with these tags, or it is damaged.
 */
export async function loadSavedModel(directory: string, options: LoadOptions = {}): Promise<LoadedModel> {
  const graph = new Graph();
  try {
    using metaGraph = newBuffer();
    const session = new Session(graph, options, await openModel(directory, options, graph, metaGraph));
    graph.takeNames();
    const { signatureDef, assetFileDef } = fromBinary(MetaGraphDefSchema, readBuffer(metaGraph));
    const assets = assetFileDef.map(({ filename }) => join(directory, 'assets', filename));
    return { graph, session, signatures: readSignatures(graph, signatureDef), assets, [Symbol.dispose]: disposeBoth };
    function disposeBoth(): void {
      session[Symbol.dispose]();
      graph[Symbol.dispose]();
    }
  } catch (error) {
    graph[Symbol.dispose]();
    throw error;
  }
}

/** Python notes operations, which are no outputs, among the signatures. */
const INTERNAL_PREFIX = '__saved_model_';

async function openModel(directory: string, options: LoadOptions, graph: Graph, metaGraph: Handle): Promise<Handle> {
  const tags = options.tags ?? ['serve'];
  using nativeOptions = nativeSessionOptions(options);
  using status = newStatus();
  const pointer = await callAsync(
    native().TF_LoadSessionFromSavedModel,
    ...([nativeOptions.pointer, null, directory, tags, tags.length] as const),
    ...([graph.pointer, metaGraph.pointer, status.pointer] as const),
  );
  const failure = failureOf(status);
  if (failure) throw invalidModel(directory, failure);
  return sessionHandle(notNull(pointer));
}

function invalidModel(directory: string, failure: StatusError): CodedError {
  return new CodedError('MODEL_INVALID', `the SavedModel does not load: ${failure.message}`, {
    details: { file: directory },
    cause: failure,
  });
}

function readSignatures(
  graph: Graph,
  definitions: Readonly<Record<string, SignatureDef>>,
): Record<string, Required<SavedModelSignature>> {
  const plain = Object.entries(definitions).filter(
    ([name, { inputs, outputs }]) =>
      !name.startsWith(INTERNAL_PREFIX) &&
      [...Object.values(inputs), ...Object.values(outputs)].every(({ encoding }) => encoding.case === 'name'),
  );
  return Object.fromEntries(
    plain.map(([name, { inputs, outputs, methodName }]) => [
      name,
      { inputs: readOutputs(graph, inputs), outputs: readOutputs(graph, outputs), methodName },
    ]),
  );
}

function readOutputs(graph: Graph, infos: Readonly<Record<string, TensorInfo>>): Record<string, Output> {
  return Object.fromEntries(Object.entries(infos).map(([key, info]) => [key, graph.output(nameOf(info))]));
}

function nameOf({ encoding }: TensorInfo): string {
  return encoding.case === 'name' ? encoding.value : '';
}
