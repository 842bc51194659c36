/** Where the values of our variables come from in a file of published weights. */
import type { SourceTensor } from './weight-source.js';

/** How one of our variables is made. */
export interface Origin {
  /** Names of tensors of the source: each is in the file and belongs to no other variable but where both say so. */
  readonly tensors: readonly string[];
  /** Makes the value of the tensors, in their order. */
  readonly make: (...tensors: SourceTensor[]) => SourceTensor;
}

/** Origins by the names of our variables. */
export type Origins = ReadonlyMap<string, Origin>;

/** What a mapping looks at: it reads no values. */
export interface MappedFile {
  /** Shapes of the file's tensors by name. */
  readonly tensors: ReadonlyMap<string, readonly number[]>;
  /** Number of our logits: classes + 1. */
  readonly outputs: number;
}

/** Says for one network, and one way of naming, where each variable comes from. */
export type Mapping = (file: MappedFile) => Origins;

type Entries = [variable: string, origin: Origin][];

/** The tensor as it stands: our kernels are [height, width, inputs, filters] and [inputs, units], as TensorFlow's. */
export function copied(tensor: string): Origin {
  return { tensors: [tensor], make: (one) => one };
}

/** Keras's convolution with a bias. @param layer Keras's name of it. */
export function kerasConvolution(ours: string, layer: string): Entries {
  return [
    [`${ours}/weights`, copied(`${layer}/kernel`)],
    [`${ours}/biases`, copied(`${layer}/bias`)],
  ];
}

/** Keras's batch normalisation, with a learnt scale or without. @param ours The prefix of its variables. */
export function kerasBatchNorm(ours: string, layer: string, { tensors }: MappedFile): Entries {
  const scale = tensors.has(`${layer}/gamma`) ? [`gamma`] : [];
  return [...scale, 'beta', 'moving_mean', 'moving_variance'].map((part) => [
    `${ours}/${part}`,
    copied(`${layer}/${part}`),
  ]);
}

/**
 * Keras's convolution and the batch normalisation behind it. Where the convolution has a bias, which ours has not, the
 * moving mean takes it in: (x + bias - mean) / σ is (x - (mean - bias)) / σ, the same in every use of the moving mean;
 * while training the batch's own mean takes the bias away at once.
 */
export function kerasNormalised(
  ours: string,
  { convolution, norm }: { readonly convolution: string; readonly norm: string },
  file: MappedFile,
): Entries {
  const bias = `${convolution}/bias`;
  const mean: Origin = file.tensors.has(bias)
    ? { tensors: [`${norm}/moving_mean`, bias], make: (moving, own) => difference(moving, own) }
    : copied(`${norm}/moving_mean`);
  return [
    [`${ours}/weights`, copied(`${convolution}/kernel`)],
    ...kerasBatchNorm(`${ours}/BatchNorm`, norm, file),
    [`${ours}/BatchNorm/moving_mean`, mean],
  ];
}

function difference(a: SourceTensor, b: SourceTensor): SourceTensor {
  return { shape: a.shape, values: a.values.map((value, i) => value - (b.values[i] ?? NaN)) };
}

/** A convolution over its whole input is a dense layer: the axes before the last become one. */
export function merged(tensor: string): Origin {
  const make = ({ shape, values }: SourceTensor): SourceTensor => ({
    shape: [shape.slice(0, -1).reduce((product, length) => product * length, 1), shape.at(-1) ?? 0],
    values,
  });
  return { tensors: [tensor], make: (one) => make(one) };
}

/** So low that its probability is exactly 0 in float32, whatever the other logits are. */
const NEVER = -1e9;

/** Names of the tensors of a last layer. */
interface HeadTensors {
  readonly weights: string;
  readonly biases: string;
}

/**
 * The last layer. One that was trained without a background class gets one in front: zero weights, and a bias so low
 * that the probabilities of the others are exactly what they were. Its first class then has label 1, as all of ours.
 *
 * @param ours Prefix of its variables.
 */
export function head(ours: string, theirs: HeadTensors, file: MappedFile): Entries {
  const grown = lacksBackground(theirs.biases, file);
  const of = (origin: Origin, first: number): Origin =>
    grown ? { ...origin, make: (...tensors) => withFirst(origin.make(...tensors), first) } : origin;
  return [
    [`${ours}/weights`, of(merged(theirs.weights), 0)],
    [`${ours}/biases`, of(copied(theirs.biases), NEVER)],
  ];
}

/** Whether a last layer has one output less than ours. @param biases Name of its biases. */
export function lacksBackground(biases: string, { tensors, outputs }: MappedFile): boolean {
  return tensors.get(biases)?.at(-1) === outputs - 1;
}

/** One more value at the start of each row. */
function withFirst({ shape, values }: SourceTensor, first: number): SourceTensor {
  const width = shape.at(-1) ?? 0;
  const grown = new Float32Array((values.length / width) * (width + 1)).fill(first);
  for (let from = 0, to = 1; from < values.length; from += width, to += width + 1) {
    grown.set(values.subarray(from, from + width), to);
  }
  return { shape: [...shape.slice(0, -1), width + 1], values: grown };
}
