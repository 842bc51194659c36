/** Convolutions for tests of operations of our own. */
import { expect } from 'vitest';
import { type Graph, initializers, Session, type Output, type Padding, type Scope } from './index.js';

/** Sizes of a convolution. */
export interface Case {
  readonly x: readonly [batch: number, height: number, width: number, channels: number];
  readonly window: readonly [height: number, width: number];
  readonly filters: number;
  readonly strides?: readonly [down: number, across: number];
  readonly padding?: Padding;
}

/** The instruction sets that this processor has. */
export const INSTRUCTIONS = ['portable', 'avx2', 'avx512', 'best'] as const;

export function attributesOf({ strides = [1, 1], padding = 'SAME' }: Case) {
  return { strides: [1, ...strides, 1].map(BigInt), padding };
}

export function resultShape({ x: [batch, ...sides], window, filters, strides = [1, 1], padding = 'SAME' }: Case) {
  const count = (axis: 0 | 1) => {
    const free = padding === 'SAME' ? sides[axis] : sides[axis] - window[axis] + 1;
    return Math.ceil(free / strides[axis]);
  };
  return [batch, count(0), count(1), filters];
}

export function random(scope: Scope, shape: readonly number[], seed: number): Output {
  return initializers.truncatedNormal({ stddev: 1, seed })(scope, shape, 'float32');
}

/** Of a convolution: pictures, filter, and what arrives at its result. */
export function inputsOf(scope: Scope, one: Case): [x: Output, filter: Output, arriving: Output] {
  const shapes = [one.x, filterShape(one), resultShape(one)];
  return shapes.map((shape, i) => random(scope, shape, i + 1)) as [Output, Output, Output];
}

/** TensorFlow's gradients of it, by the filter and by the pictures. */
export function stockGradients(scope: Scope, one: Case, [x, filter, arriving]: ReturnType<typeof inputsOf>) {
  const attributes = attributesOf(one);
  const sizes = (shape: readonly number[]) => scope.constant(Int32Array.from(shape));
  const byFilter = { inputs: [x, sizes(filterShape(one)), arriving], attributes };
  const byPictures = { inputs: [sizes(one.x), filter, arriving], attributes };
  return {
    filter: scope.op('Conv2DBackpropFilter', byFilter).output(),
    x: scope.op('Conv2DBackpropInput', byPictures).output(),
  };
}

const filterShape = ({ x, window, filters }: Case): number[] => [...window, x[3], filters];

/** A tensor of zeros whose shape is not known before it runs: then kernels have to refuse it themselves. */
export function ofUnknownShape(scope: Scope, shape: readonly number[]): Output {
  const known = scope.constant(0, { shape });
  return scope.op('PlaceholderWithDefault', { inputs: [known], attributes: { shape: undefined } }).output();
}

export async function valuesOf(graph: Graph, fetches: readonly Output[]): Promise<Float32Array[]> {
  using session = new Session(graph, { intraOpThreads: 2, interOpThreads: 1 });
  const tensors = await session.run({ fetches });
  return tensors.map((tensor) => {
    using owned = tensor;
    return Float32Array.from(owned.values() as Float32Array);
  });
}

/** The same of operations with an instruction set, or undefined once it was refused since this processor has no such. */
export async function valuesWith(
  instructions: (typeof INSTRUCTIONS)[number],
  graph: Graph,
  fetches: readonly Output[],
): Promise<Float32Array[] | undefined> {
  try {
    return await valuesOf(graph, fetches);
  } catch (error) {
    expect(String(error)).toContain('this processor has no');
    expect(['avx2', 'avx512']).toContain(instructions);
    return undefined;
  }
}

/** The largest difference, relative to the largest value. */
export function difference(values: Float32Array, expected: Float32Array): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return values.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] as number))), 0) / largest;
}

export const name = ({ x, window, filters, strides = [1, 1], padding = 'SAME' }: Case) =>
  `${x.join('x')} by ${window.join('x')} to ${filters}, strides ${strides.join('x')}, ${padding}`;

/** Relative to the largest: up to 33,800 products are summed in another order. */
export const ROUNDING = 1e-5;
