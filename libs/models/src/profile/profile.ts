import { Graph, type Operation } from '@bluewaters/tensorflow';
import type { Network } from '../network.js';
import { VariableStore } from '../variable-store.js';
import { describeLayer, layerOf, layersOf, type Layer } from './layers.js';
import { multiplyAddsOf } from './multiply-adds.js';
import { lengthsOf, sizeOf } from './sizes.js';

/** One layer of a network, as it is evaluated and served. */
export interface LayerProfile {
  /** Its name scope, and the prefix of its variables: `block1/unit1/conv1`. */
  readonly name: string;
  /** In order: `conv 7 x 7 / 2`, `batch norm`, `relu`. */
  readonly does: readonly string[];
  /** The layers whose outputs it takes; `images` for the pictures. */
  readonly inputs: readonly string[];
  /** [height, width, channels], or [units]. */
  readonly output: readonly number[];
  /** Values that training changes by their gradients. */
  readonly parameters: number;
  /** Moving means and variances. */
  readonly statistics: number;
  /** For one picture; see {@link NetworkProfile.multiplyAdds}. */
  readonly multiplyAdds: number;
}

/** What a network consists of. */
export interface NetworkProfile {
  readonly network: string;
  /** Side of the pictures, in pixels. */
  readonly imageSize: number;
  readonly channels: number;
  readonly outputs: number;
  /** In an order in which inputs come first. */
  readonly layers: readonly LayerProfile[];
  /** Of all layers; auxiliary heads are there only while a network is trained, and not counted. */
  readonly parameters: number;
  readonly statistics: number;
  /**
   * For one picture: multiplications, each with an addition, of convolutions and dense layers. Papers call them
   * multiply-adds, MACs, or, like He et al., FLOPs; counted one by one, operations are twice as many.
   */
  readonly multiplyAdds: number;
}

/** Options of {@link profileNetwork}. */
export interface ProfileOptions {
  /** Side of the pictures, in pixels; the network's own by default. */
  readonly imageSize?: number;
  /** Logits; by default as many as were published. */
  readonly outputs?: number;
}

/** Name scope of the network, beside its variables. */
const ROOT = 'network';

/**
 * Builds a network and counts what is in its graph, layer by layer. Nothing is run or allocated.
 *
 * @throws {CodedError} GRAPH_INVALID when the pictures are too small for the network.
 */
export function profileNetwork(network: Network, options: ProfileOptions = {}): NetworkProfile {
  const { imageSize = network.input.imageSize, outputs = network.publication.outputs } = options;
  const { channels } = network.input;
  using graph = new Graph();
  const root = graph.scope();
  const variables = new VariableStore(root, 'none');
  const images = root.placeholder('float32', [1, imageSize, imageSize, channels], { name: 'images' });
  network.build({ scope: root.child(ROOT), variables }, images, outputs);
  const layers = layersOf(graph.operations(), ROOT).map((layer) => profileLayer(layer, variables));
  const total = (of: 'parameters' | 'statistics' | 'multiplyAdds') => layers.reduce((sum, one) => sum + one[of], 0);
  return {
    ...{ network: network.name, imageSize, channels, outputs, layers },
    ...{ parameters: total('parameters'), statistics: total('statistics'), multiplyAdds: total('multiplyAdds') },
  };
}

function profileLayer(layer: Layer, variables: VariableStore): LayerProfile {
  const { name, operations } = layer;
  const sources = operations.flatMap((operation) => operation.inputs.map((input) => input.operation));
  const values = new Set(sources.map((source) => source.name));
  const owned = variables.variables.filter(({ value }) => values.has(value.operation.name));
  const count = (trainable: boolean) =>
    owned.reduce((sum, one) => sum + (one.trainable === trainable ? sizeOf(one.value) : 0), 0);
  return {
    ...{ name, does: describeLayer(layer), inputs: inputsOf(name, sources) },
    output: lengthsOf(operations.at(-1)!.output()).slice(1),
    ...{ parameters: count(true), statistics: count(false) },
    multiplyAdds: operations.reduce((sum, operation) => sum + multiplyAddsOf(operation), 0),
  };
}

/** Layers, and the pictures, among what a layer's operations take. */
function inputsOf(name: string, sources: readonly Operation[]): string[] {
  const names = sources.flatMap((source) => {
    if (source.type === 'Const') return [];
    return source.type === 'Placeholder' ? ['images'] : (layerOf(source, ROOT) ?? []);
  });
  return [...new Set(names)].filter((input) => input !== name);
}
