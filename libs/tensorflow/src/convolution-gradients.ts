/**
 * Gradients of convolutions by operations of our own (`native/convolution-gradients.cc`), in a graph that TensorFlow's
 * rules have derived: what read the gradient of TensorFlow's operation then reads that of ours.
 */
import { canMoveInputs, moveReaders } from './edges.js';
import { upstreamOf } from './gradient-cuts.js';
import type { AttrValue } from './generated/tensorflow/core/framework/attr_value_pb.js';
import { hasNativeOperations } from './native-operations.js';
import type { Operation, Output } from './operation.js';
import { hasKernel } from './registry.js';
import type { Scope } from './scope.js';

/** A convolution that is derived. */
interface Convolution {
  /** [batch, height, width, channels]. */
  readonly x: Output;
  /** [height, width, channels, filters]. */
  readonly filter: Output;
  /** What arrives at its result, of the result's shape. */
  readonly arriving: Output;
}

/** An operation of ours for one of TensorFlow's. */
interface Replacement {
  readonly type: string;
  /** Undefined where it cannot be told. */
  readonly convolutionOf: (operation: Operation) => Convolution | undefined;
  /** The most pixels, in height and width, of pictures that it was measured to be faster for. */
  readonly mostPixels: number;
}

const REPLACEMENTS: Readonly<Record<string, Replacement>> = {
  Conv2DBackpropFilter: {
    type: 'BluewatersConvolutionFilterGradient',
    convolutionOf: (operation) => {
      const filter = measuredBy(operation.input(1));
      return filter && { x: operation.input(0), filter, arriving: operation.input(2) };
    },
    mostPixels: Infinity,
  },
  Conv2DBackpropInput: {
    type: 'BluewatersConvolutionInputGradient',
    convolutionOf: (operation) => {
      const x = measuredBy(operation.input(0));
      return x && { x, filter: operation.input(1), arriving: operation.input(2) };
    },
    mostPixels: 14,
  },
};

/** With fewer channels on a side, vectors are mostly empty. */
const LEAST_CHANNELS = 16;

/**
 * Has the gradients of convolutions computed by operations of our own wherever these were measured to be faster
 * (`docs/decisions/0012-gradients-of-convolutions.md`): float32, NHWC, without dilations. Nothing changes in a process
 * without them, nor where the library computes on GPUs. The numbers differ in rounding, and do not depend on the number of threads.
 *
 * @param scope Where the operations go.
 * @param slopes Gradients, as `gradients` gave them; no session has run them.
 * @param threads Within one operation; 0, the default, takes every core.
 * @returns What to use instead of `slopes`.
 */
export function fasterConvolutions(scope: Scope, slopes: readonly Output[], threads = 0): Output[] {
  if (!canBeHad()) return [...slopes];
  const instead = new Map<string, Output>();
  for (const operation of upstreamOf(slopes).values()) {
    const replacement = REPLACEMENTS[operation.type];
    const ours = replacement && replace(scope, operation, replacement, threads);
    if (ours) instead.set(operation.output().name, ours);
  }
  return slopes.map((slope) => instead.get(slope.name) ?? slope);
}

/** A library that computes on GPUs would be kept from doing so. */
function canBeHad(): boolean {
  return hasNativeOperations() && canMoveInputs() && !hasKernel('Conv2D', 'GPU');
}

function replace(scope: Scope, operation: Operation, replacement: Replacement, threads: number) {
  const { type, convolutionOf } = replacement;
  const attributes = attributesOf(operation);
  const convolution = convolutionOf(operation);
  if (!attributes || !convolution || !isFaster(convolution, replacement)) return undefined;
  const { x, filter, arriving } = convolution;
  const inputs = [x, filter, arriving];
  const ours = scope.op(type, { inputs, attributes: { ...attributes, threads: BigInt(threads) } }).output();
  moveReaders(operation.output(), ours);
  return ours;
}

/** The output whose shape another one is. */
function measuredBy({ operation }: Output): Output | undefined {
  return operation.type === 'Shape' ? operation.input(0) : undefined;
}

/** Strides and padding; undefined for what ours cannot do. */
function attributesOf(operation: Operation) {
  const { attr } = operation.toNodeDef();
  const text = (name: string) => textOf(attr[name]);
  const integers = (name: string) => integersOf(attr[name]);
  const padding = text('padding');
  const undilated = integers('dilations').every((dilation) => dilation === 1n);
  if (
    operation.output().dtype !== 'float32' ||
    text('data_format') !== 'NHWC' ||
    padding === 'EXPLICIT' ||
    !undilated
  ) {
    return undefined;
  }
  return { strides: integers('strides'), padding };
}

/** For windows of one pixel, which are products of two matrices as they lie, TensorFlow's were at times the faster ones. */
function isFaster({ x, filter }: Convolution, { mostPixels }: Replacement): boolean {
  const [, rows, columns] = x.shape ?? [];
  const [height, width, channels, filters] = filter.shape ?? [];
  if (!rows || !columns || !height || !width || !channels || !filters) return false;
  const small = Math.max(rows, columns) <= mostPixels;
  return small && height * width > 1 && Math.min(channels, filters) >= LEAST_CHANNELS;
}

function textOf(value: AttrValue | undefined): string {
  return value?.value.case === 's' ? Buffer.from(value.value.value).toString() : '';
}

function integersOf(value: AttrValue | undefined): readonly bigint[] {
  return value?.value.case === 'list' ? value.value.value.i : [];
}
