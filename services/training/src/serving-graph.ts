import { classify, preprocess, VariableStore, type InputContract, type Network, type Views } from '@bluewaters/models';
import {
  gather,
  Graph,
  defineFunction,
  saver,
  softmax,
  topK,
  writeSavedModel,
  type Output,
  type Saver,
  type Scope,
  type Session,
  type Variable,
  type SavedModelSignature,
} from '@bluewaters/tensorflow';

/** The graph of an exported model: pictures in, probabilities out. */
export interface ServingGraph {
  readonly graph: Graph;
  /** `image_bytes` string [batch] in; `probabilities`, `top_probabilities`, `top_labels`, `top_synsets` out. */
  readonly signature: SavedModelSignature;
  /** Parameters and statistics. */
  readonly variables: readonly Variable[];
  /** Of these variables. */
  readonly saver: Saver;
}

/** One class as the exported model names it. */
export interface ServedClass {
  readonly synset: string;
  readonly words: string;
}

/**
 * Builds the network for serving, in a graph of its own: preprocessing inside, no optimiser, no input pipeline.
 *
 * @param options `classes` in label order: the first has label 1.
 */
export function buildServingGraph(options: {
  readonly network: Network;
  readonly input: InputContract;
  readonly classes: readonly ServedClass[];
  readonly seed: number;
  readonly views?: Views;
}): ServingGraph {
  const { network, input, classes, seed, views } = options;
  const graph = new Graph();
  const root = graph.scope();
  const variables = new VariableStore(root, seed);
  const jpegs = root.placeholder('string', [null], { name: 'image_bytes' });
  const images = preprocessEach(root, jpegs, input); // [batch, imageSize, imageSize, channels]
  const scope = root.child('predict');
  const outputs = classes.length + 1;
  const probabilities = softmax(scope, classify(network, { scope, variables }, images, { outputs, views }));
  const top = topK(scope, probabilities, Math.min(5, classes.length));
  const synsets = scope.constant(['background', ...classes.map(({ synset }) => synset)]);
  return {
    graph,
    signature: {
      inputs: { image_bytes: jpegs },
      outputs: {
        probabilities, // [batch, classes + 1]
        top_probabilities: top.values, // [batch, k]
        top_labels: top.indices, // [batch, k]
        top_synsets: gather(scope, synsets, top.indices), // [batch, k]
      },
    },
    variables: variables.variables,
    saver: saver(root, variables.variables),
  };
}

/**
 * Writes it as a SavedModel, signature `serving_default`.
 *
 * @param session Of the graph, its variables set. @param directory New.
 */
export async function writeServingModel(directory: string, serving: ServingGraph, session: Session): Promise<void> {
  const { graph, signature, variables, saver: its } = serving;
  await writeSavedModel(directory, {
    graph,
    session,
    variables,
    saver: its,
    signatures: { serving_default: signature },
  });
}

/** Each picture by itself, since they may differ in size; TensorFlow decodes them side by side. */
function preprocessEach(root: Scope, jpegs: Output, input: InputContract): Output {
  const { imageSize, channels } = input;
  using decode = defineFunction('preprocess_one', [{ dtype: 'string', shape: [] }], (scope, [jpeg]) => [
    preprocess(scope, jpeg as Output, input),
  ]);
  return root
    .op('MapDefun', {
      inputs: [[jpegs], []],
      attributes: {
        f: decode,
        Targuments: ['string'],
        Tcaptured: [],
        output_types: ['float32'],
        output_shapes: [[imageSize, imageSize, channels]],
      },
    })
    .output();
}
