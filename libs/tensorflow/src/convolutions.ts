/**
 * Convolutions and their gradients by operations of our own (`native/`), in a graph that TensorFlow's rules have derived:
 * what read the result of TensorFlow's operation then reads that of ours.
 */
import { attributesIn } from './attributes-in.js';
import type { Operation, Output } from './operation.js';
import { replaceOperations } from './replacements.js';
import type { Scope } from './scope.js';

/** A convolution. */
interface Convolution {
  /** [batch, height, width, channels]. */
  readonly x: Output;
  /** [height, width, channels, filters]. */
  readonly filter: Output;
  /** For a gradient: what arrives at its result, of the result's shape. */
  readonly arriving?: Output;
}

/** The sizes of one that decide about how it is computed. */
interface Sizes {
  /** Null where only the run tells. */
  readonly batch: number | null;
  /** Of the pictures; rows, then columns. */
  readonly pixels: readonly [number, number];
  readonly window: readonly [number, number];
  readonly channels: number;
  readonly filters: number;
  readonly strides: readonly bigint[];
  readonly padding: string;
}

/** An operation of ours for one of TensorFlow's. */
interface Replacement {
  readonly type: string;
  /** Undefined where it cannot be told. */
  readonly convolutionOf: (operation: Operation) => Convolution | undefined;
  /** Whether it can compute this, and was measured to be faster. */
  readonly suits: (sizes: Sizes) => boolean;
  /** Whether it is told strides and padding; it has but one of each otherwise. */
  readonly anyStrides: boolean;
}

const isWide = ({ window }: Sizes): boolean => window[0] * window[1] > 1;

/** A product of two matrices as they lie. With strides TensorFlow's are as fast. */
const isPointwise = (sizes: Sizes): boolean => !isWide(sizes) && sizes.strides.every((stride) => stride === 1n);

/**
 * Whether a gradient by the filter has as many multiplications as outweigh what is copied or transformed for it: these are
 * as many as channels times filters, the others as channels and filters.
 */
function isBroad(sizes: Sizes): boolean {
  const { channels, filters } = sizes;
  return (channels * filters) / (channels + filters) >= (suitsWinograd(sizes) ? BROAD.winograd : BROAD.direct);
}

const BROAD = { winograd: 10, direct: 32 } as const;

/** The most pixels in height and width for which gradients by the pictures, computed directly, are the faster ones. */
const MOST_PIXELS = 14;

const REPLACEMENTS: Readonly<Record<string, Replacement>> = {
  Conv2D: {
    type: 'BluewatersConvolution',
    convolutionOf: (operation) => ({ x: operation.input(0), filter: operation.input(1) }),
    suits: (sizes) => isPointwise(sizes) || (sizes.padding === 'SAME' && suitsWinograd(sizes)),
    anyStrides: false,
  },
  Conv2DBackpropFilter: {
    type: 'BluewatersConvolutionFilterGradient',
    convolutionOf: (operation) => {
      const filter = measuredBy(operation.input(1));
      return filter && { x: operation.input(0), filter, arriving: operation.input(2) };
    },
    suits: (sizes) => isPointwise(sizes) || (isWide(sizes) && isBroad(sizes)),
    anyStrides: true,
  },
  Conv2DBackpropInput: {
    type: 'BluewatersConvolutionInputGradient',
    convolutionOf: (operation) => {
      const x = measuredBy(operation.input(0));
      return x && { x, filter: operation.input(1), arriving: operation.input(2) };
    },
    suits: (sizes) =>
      isPointwise(sizes) || (isWide(sizes) && (Math.max(...sizes.pixels) <= MOST_PIXELS || suitsWinograd(sizes))),
    anyStrides: true,
  },
};

/** What Winograd's way takes, as `native/winograd-convolution.cc` has it. */
const WINOGRAD = {
  /** Windows that there are transforms for. */
  windows: ['3x3', '1x3', '3x1', '5x5', '1x7', '7x1'],
  /** Results of a tile along an axis on which the window has more than one pixel. */
  side: 4,
  /** What a product costs where a term of a sum costs 1, and how few tiles are not worth the transform of the windows. */
  productTerms: 2,
  fewestTiles: 24,
} as const;

/**
 * Whether a convolution suits Winograd's way. A batch that only the run tells is taken to be large enough. With wide vectors
 * the operation itself still computes few windows term by term.
 */
function suitsWinograd({ batch, pixels, window, strides, padding }: Sizes): boolean {
  const known = WINOGRAD.windows.some((name) => name === window.join('x'));
  if (!known || strides.some((stride) => stride !== 1n)) return false;
  const axes = window.map((taps, axis) => {
    const results = (pixels[axis] as number) - (padding === 'SAME' ? 0 : taps - 1);
    const side = taps > 1 ? WINOGRAD.side : 1;
    return { results, taps, tiles: Math.ceil(results / side), patch: side + taps - 1 };
  });
  const all = (of: 'results' | 'taps' | 'tiles' | 'patch') => axes.reduce((product, axis) => product * axis[of], 1);
  const enough = batch === null || batch * all('tiles') >= WINOGRAD.fewestTiles;
  return enough && all('tiles') * all('patch') * WINOGRAD.productTerms <= all('results') * all('taps');
}

/** With fewer channels on a side, vectors are mostly empty. */
const LEAST_CHANNELS = 16;

/**
 * Has convolutions and their gradients computed by operations of our own wherever these were measured to be faster
 * (`docs/decisions/0012-gradients-of-convolutions.md`, `0020-winograd.md`): float32, NHWC, without dilations. Nothing changes in a process
 * without them, nor where the library computes on GPUs. The numbers differ in rounding, and do not depend on the number of threads.
 *
 * @param scope Where the operations go.
 * @param slopes Gradients, as `gradients` gave them; no session has run them.
 * @param threads Within one operation; 0, the default, takes every core.
 * @param products What factors may be rounded to. In bfloat16, where the processor has a unit that multiplies matrices of it
 * (Intel's AMX), that is used, and sums are float32 (`docs/decisions/0046-the-matrix-unit.md`); elsewhere nothing is rounded.
 * @returns What to use instead of `slopes`.
 */
export function fasterConvolutions(
  scope: Scope,
  slopes: readonly Output[],
  threads = 0,
  products: 'float32' | 'bfloat16' = 'float32',
): Output[] {
  const common = { threads: BigInt(threads), products };
  return replaceOperations(slopes, (operation) => {
    const replacement = REPLACEMENTS[operation.type];
    return replacement && replace(scope, operation, replacement, common);
  });
}

function replace(
  scope: Scope,
  operation: Operation,
  replacement: Replacement,
  common: { readonly threads: bigint; readonly products: string },
) {
  const attributes = attributesOf(operation);
  const convolution = replacement.convolutionOf(operation);
  const sizes = attributes && convolution && sizesOf(convolution, attributes);
  if (!sizes || !replacement.suits(sizes)) return undefined;
  const { x, filter, arriving } = convolution;
  const inputs = arriving ? [x, filter, arriving] : [x, filter];
  const own = { ...(replacement.anyStrides ? attributes : {}), ...common };
  return scope.op(replacement.type, { inputs, attributes: own }).outputs;
}

/** The output whose shape another one is. */
function measuredBy({ operation }: Output): Output | undefined {
  return operation.type === 'Shape' ? operation.input(0) : undefined;
}

/** Strides and padding; undefined for what ours cannot do. */
function attributesOf(operation: Operation): Pick<Sizes, 'strides' | 'padding'> | undefined {
  const attributes = attributesIn(operation);
  const padding = attributes.text('padding');
  const undilated = attributes.integers('dilations').every((dilation) => dilation === 1n);
  const known = attributes.text('data_format') === 'NHWC' && padding !== 'EXPLICIT' && undilated;
  if (!known || operation.output().dtype !== 'float32') return undefined;
  return { strides: attributes.integers('strides'), padding };
}

/** Undefined where a side is not known before the run, or vectors would be mostly empty. */
function sizesOf({ x, filter }: Convolution, attributes: Pick<Sizes, 'strides' | 'padding'>): Sizes | undefined {
  const [batch = null, rows, columns] = x.shape ?? [];
  const [height, width, channels, filters] = filter.shape ?? [];
  if (!rows || !columns || !height || !width || !channels || !filters) return undefined;
  if (Math.min(channels, filters) < LEAST_CHANNELS) return undefined;
  return { batch, pixels: [rows, columns], window: [height, width], channels, filters, ...attributes };
}
