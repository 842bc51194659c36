/**
 * What can be looked at within a step: pictures that went in, the first layer, and how weights and gradients are spread.
 * Everything is made small within the graph, so that a network of a gigabyte is looked at for kilobytes.
 */
import {
  abs,
  add,
  isFinite,
  max,
  min,
  mul,
  pack,
  raw,
  select,
  stridedSlice,
  zerosLike,
  type CountedBuckets,
  type Output,
  type Scope,
  type Tensor,
  type Variable,
} from '@bluewaters/tensorflow';

/** Buckets of a histogram, of equal width. */
const BUCKETS = 30;
/** Pictures of a batch that are shown. */
const MOST_PICTURES = 16;

/** Some numbers of a step with their shape, row by row. */
export interface InspectedArray {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** How the values of one variable, or of its gradient, are spread. */
export interface InspectedHistogram extends CountedBuckets {
  /** `weights/NAME` or `gradients/NAME`. */
  readonly tag: string;
}

/** What was seen in one step. */
export interface InspectedStep {
  /** [pictures, height, width, channels], as the network saw them: normalised. */
  readonly pictures: InspectedArray;
  /** [height, width, inputs, kernels] of the first convolution. */
  readonly kernels?: InspectedArray;
  readonly histograms: readonly InspectedHistogram[];
}

/** The outputs to fetch with a step, and how to read what comes. */
export interface Inspection {
  readonly fetches: readonly Output[];
  /** @param tensors One for each of the fetches; they stay the caller's. */
  read(tensors: readonly Tensor[]): InspectedStep;
}

/** What is looked at. */
export interface InspectedGraph {
  /** float32 [batch, height, width, channels]. */
  readonly images: Output;
  readonly parameters: readonly Variable[];
  /** By the names of the parameters; what is frozen has none. */
  readonly gradients: ReadonlyMap<string, Output>;
}

/** Adds to the graph what it takes to look into a step. */
export function addInspection(scope: Scope, inspected: InspectedGraph): Inspection {
  const { parameters, gradients } = inspected;
  const pictures = firstOf(scope, inspected.images, MOST_PICTURES);
  const kernels = parameters.find(({ shape }) => shape.length === 4)?.value;
  const spreads = parameters.flatMap(({ name, value }) => {
    const gradient = gradients.get(name);
    const weights = { tag: `weights/${name}`, values: value };
    return gradient ? [weights, { tag: `gradients/${name}`, values: gradient }] : [weights];
  });
  const histograms = spreads.map(({ tag, values }) => ({ tag, ...histogram(scope, values) }));
  const some = [pictures, kernels].filter((output) => output !== undefined);
  return {
    fetches: [...some, ...histograms.flatMap(({ range, counts }) => [range, counts])],
    read(tensors) {
      const arrays = tensors.map((tensor) => ({ shape: tensor.shape, values: tensor.numbers() }));
      const next = (wanted: Output | undefined) => (wanted ? arrays.shift() : undefined);
      const seen = { pictures: next(pictures), kernels: next(kernels) };
      return {
        pictures: seen.pictures as InspectedArray,
        ...(seen.kernels && { kernels: seen.kernels }),
        histograms: histograms.map(({ tag }) => {
          const [least = 0, greatest = 0] = arrays.shift()?.values ?? [];
          return { tag, least, greatest, counts: arrays.shift()?.values ?? [] };
        }),
      };
    },
  };
}

function firstOf(scope: Scope, pictures: Output, most: number): Output {
  return stridedSlice(scope, pictures, { start: [0], end: [most] });
}

/** The first picture of a batch, and what the first layer makes of it. */
export interface FirstPicture {
  /** float32 [1, height, width, channels], as the network sees it: normalised. */
  readonly picture: Output;
  /** float32 [1, height, width, channels], behind the activation. */
  readonly activations: Output;
}

/**
 * Adds to the graph what it takes to look at a first layer: behind the first ReLU whose output is a picture, since what is
 * before it may be computed together with it.
 *
 * @param tower Prefix of the names of the network's operations. @param images [batch, height, width, channels].
 * @returns Undefined where no layer has a picture.
 */
export function lookAtFirstLayer(scope: Scope, tower: string, images: Output): FirstPicture | undefined {
  const layer = scope.graph.operations().find(({ name, type }) => type === 'Relu' && name.startsWith(tower));
  const output = layer?.output(0);
  if (output?.shape?.length !== 4) return undefined;
  return { picture: firstOf(scope, images, 1), activations: firstOf(scope, output, 1) };
}

/** float32 [2], least and greatest, and int32 [buckets]. */
function histogram(scope: Scope, all: Output): { readonly range: Output; readonly counts: Output } {
  // Numbers that are none stop a run elsewhere, with better words.
  const values = select(scope, isFinite(scope, all), [all, zerosLike(scope, all)]);
  const [least, greatest] = [min(scope, values), max(scope, values)];
  // TensorFlow wants a range of some width, also where all values are equal.
  const room = add(scope, mul(scope, abs(scope, greatest), 1e-6), 1e-30);
  const range = pack(scope, [least, add(scope, greatest, room)]);
  const nbins = scope.constant(BUCKETS, { dtype: 'int32' });
  return { range, counts: raw.histogramFixedWidth(scope, { values, value_range: range, nbins }) };
}
