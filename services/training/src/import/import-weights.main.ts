/** Makes a SavedModel of published weights, in a process of its own: a malformed file must take nothing else along. */
import {
  importWeights,
  networkByName,
  openWeights,
  publishedWeights,
  type ImportReport,
  type InputContract,
} from '@bluewaters/models';
import { Session } from '@bluewaters/tensorflow';
import type { ImportRequest } from '@bluewaters/messages';
import { buildServingGraph, writeServingModel, type ServedClass } from '../serving-graph.js';

/** What is to become a SavedModel. */
export interface ImportTask {
  readonly request: ImportRequest;
  /** In label order. */
  readonly classes: readonly ServedClass[];
  /** Of the SavedModel; new. */
  readonly directory: string;
  /** TensorFlow's. */
  readonly threads: number;
}

/** What became of it. */
export interface ImportedModel {
  readonly report: ImportReport;
  /** How pictures must look for these weights. */
  readonly input: InputContract;
}

/** Imports the weights and writes the model. */
export default async function importModel(task: ImportTask): Promise<ImportedModel> {
  const { request, classes, directory, threads } = task;
  const { imageSize, crop, newLayers, seed } = request;
  const network = networkByName(request.network);
  using source = await openWeights(request.file);
  const published = publishedWeights(network, source).input;
  const input = { ...network.input, ...published, ...(imageSize && { imageSize }), ...(crop && { crop }) };
  const serving = buildServingGraph({ network, input, classes, seed });
  using graph = serving.graph;
  using session = new Session(graph, { intraOpThreads: threads, interOpThreads: threads });
  const outputs = classes.length + 1;
  const report = await importWeights(source, { network, outputs, saver: serving.saver, session, newLayers });
  await writeServingModel(directory, serving, session);
  return { report, input };
}
