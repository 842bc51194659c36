import { Graph, type Operation, type Output } from '@bluewaters/tensorflow';
import type { Network } from '../network.js';
import { syntheticTraining } from '../synthetic-training.js';
import { VariableStore } from '../variable-store.js';
import { sizeOf } from './sizes.js';

/** What a network needs to hold in memory at the same time, in bytes, in float32. */
export interface NetworkMemory {
  /** Pictures at a time. */
  readonly batch: number;
  /** For a step of training with momentum, auxiliary heads included. */
  readonly training: {
    /** Parameters and statistics. */
    readonly variables: number;
    /** One for each parameter. */
    readonly gradients: number;
    /** The optimiser's accumulators. */
    readonly slots: number;
    /** The pictures, and what the forward pass computes that the backward pass takes again. */
    readonly activations: number;
    /** All of these. What kernels need for themselves comes on top. */
    readonly total: number;
  };
  /** For predictions. */
  readonly inference: {
    readonly variables: number;
    /** The most that is alive at once, the pictures included, when layers run in order and write in place if they can. */
    readonly activations: number;
    readonly total: number;
  };
}

/** Options of {@link networkMemory}. */
export interface MemoryOptions {
  readonly batch: number;
  /** Side of the pictures, in pixels; the network's own by default. */
  readonly imageSize?: number;
  /** Logits; by default as many as were published. */
  readonly outputs?: number;
}

const FLOAT_BYTES = 4;

/** Takes its input's dimensions, not its values: these need not be kept for it. */
const SHAPE_ONLY = new Set(['Shape', 'ShapeN', 'Size', 'Rank']);

/** Gives the very values that it takes. */
const ALIAS = new Set(['Reshape', 'Identity', 'Squeeze', 'StopGradient']);

/** Can write where its input was, when nothing else reads that. */
const IN_PLACE = new Set([...ALIAS, 'Relu', 'BiasAdd', 'AddV2', 'FusedBatchNormV3']);

/** Builds a network for training and for predictions, and counts what either must hold. Nothing is run or allocated. */
export function networkMemory(network: Network, options: MemoryOptions): NetworkMemory {
  const { batch, imageSize = network.input.imageSize, outputs = network.publication.outputs } = options;
  const asked = { batch, imageSize, outputs };
  return { batch, training: trainingMemory(network, asked), inference: inferenceMemory(network, asked) };
}

function sum(parts: Readonly<Record<string, number>>): number {
  return Object.values(parts).reduce((total, part) => total + part, 0);
}

function bytesOf(outputs: readonly Output[]): number {
  return FLOAT_BYTES * outputs.reduce((total, output) => total + sizeOf(output), 0);
}

function trainingMemory(network: Network, asked: Required<MemoryOptions>): NetworkMemory['training'] {
  // Operations of our own keep the same, but do not stand among the gradients.
  const made = syntheticTraining(network, { ...asked, convolutions: 'stock' });
  using graph = made.graph;
  const parts = {
    variables: bytesOf(made.store.variables.map(({ value }) => value)),
    gradients: bytesOf(made.store.parameters.map(({ variable }) => variable.value)),
    slots: bytesOf(made.slots.map(({ value }) => value)),
    activations: bytesOf([made.images, ...keptForBackward(graph.operations())]),
  };
  return { ...parts, total: sum(parts) };
}

/** What the forward pass of a training step computes and its gradients take. */
function keptForBackward(operations: readonly Operation[]): Output[] {
  const isBackward = ({ name }: Operation) => name.startsWith('train/gradients/');
  const isForward = (operation: Operation) => operation.name.startsWith('train/') && !isBackward(operation);
  const kept = new Map<string, Output>();
  for (const operation of operations) {
    if (!isBackward(operation) || SHAPE_ONLY.has(operation.type)) continue;
    for (const input of operation.inputs.map(unaliased)) {
      // Of unknown rank is only what batch normalisation keeps for cuDNN, which is small, and empty on CPUs.
      if (isForward(input.operation) && input.operation.type !== 'Const' && input.shape) kept.set(input.name, input);
    }
  }
  return [...kept.values()];
}

/** What really holds an output's values. */
function unaliased(output: Output): Output {
  return ALIAS.has(output.operation.type) ? unaliased(output.operation.input(0)) : output;
}

function inferenceMemory(network: Network, asked: Required<MemoryOptions>): NetworkMemory['inference'] {
  const { batch, imageSize, outputs } = asked;
  using graph = new Graph();
  const root = graph.scope();
  const store = new VariableStore(root, 1);
  const images = root.placeholder('float32', [batch, imageSize, imageSize, network.input.channels]);
  network.build({ scope: root.child('network'), variables: store }, images, outputs);
  const run = graph
    .operations()
    .filter(({ name, type }) => type === 'Placeholder' || (type !== 'Const' && name.startsWith('network/')));
  const parts = {
    variables: bytesOf(store.variables.map(({ value }) => value)),
    activations: FLOAT_BYTES * peakOf(run),
  };
  return { ...parts, total: sum(parts) };
}

/** The most elements alive at once while operations run one after the other. */
function peakOf(operations: readonly Operation[]): number {
  const lastUse = new Map<string, number>();
  for (const [index, { inputs }] of operations.entries()) inputs.forEach(({ name }) => lastUse.set(name, index));
  let [alive, peak] = [0, 0];
  for (const [index, operation] of operations.entries()) {
    const made = resultsOf(operation).reduce((total, output) => total + sizeOf(output), 0);
    const dying = operation.inputs.filter((input) => isActivation(input) && lastUse.get(input.name) === index);
    const reused = IN_PLACE.has(operation.type) && dying.some((input) => sizeOf(input) === made);
    peak = Math.max(peak, alive + (reused ? 0 : made));
    alive += made - [...new Map(dying.map((input) => [input.name, sizeOf(input)])).values()].reduce((a, b) => a + b, 0);
  }
  return peak;
}

/** Neither a variable nor a constant. */
function isActivation({ operation }: Output): boolean {
  return operation.type === 'Placeholder' || (operation.type !== 'Const' && operation.name.startsWith('network/'));
}

/** What an operation gives to others; batch normalisation's further outputs are for training. */
function resultsOf(operation: Operation): readonly Output[] {
  return operation.type === 'FusedBatchNormV3' ? [operation.output()] : operation.outputs;
}
