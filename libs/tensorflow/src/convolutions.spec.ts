import { describe, expect, it } from 'vitest';
import { difference, INSTRUCTIONS, random, ROUNDING, valuesOf } from './convolutions.fixture.js';
import {
  conv2d,
  fasterConvolutions,
  gradients,
  Graph,
  hasNativeOperations,
  mul,
  relu,
  Session,
  sum,
  Tensor,
  type Output,
  type Scope,
} from './index.js';

const CONVOLUTION = 'BluewatersConvolution';

/**
 * Windows that there are transforms for, so many that these are used and so few that they are not, and of one pixel; lengths
 * with and without borders, around those of vectors, tiles and tasks.
 */
const CASES = [
  { x: [1, 1, 1, 1], window: [3, 3], filters: 1 },
  { x: [2, 4, 4, 16], window: [3, 3], filters: 16 },
  { x: [3, 5, 9, 7], window: [3, 3], filters: 33 },
  { x: [1, 40, 37, 20], window: [3, 3], filters: 48 },
  { x: [9, 8, 8, 300], window: [3, 3], filters: 19 },
  { x: [1, 3, 2, 520], window: [3, 3], filters: 40 },
  { x: [4, 12, 12, 33], window: [1, 3], filters: 20 },
  { x: [4, 12, 12, 33], window: [3, 1], filters: 20 },
  { x: [2, 9, 11, 33], window: [3, 1], filters: 20 },
  { x: [3, 13, 10, 24], window: [5, 5], filters: 18 },
  { x: [1, 3, 3, 16], window: [5, 5], filters: 16 },
  { x: [2, 17, 17, 40], window: [1, 7], filters: 24 },
  { x: [2, 17, 17, 40], window: [7, 1], filters: 24 },
  { x: [1, 1, 1, 1], window: [1, 1], filters: 1 },
  { x: [3, 5, 9, 7], window: [1, 1], filters: 33 },
  { x: [2, 14, 14, 48], window: [1, 1], filters: 64 },
  // Deeper than a piece, and a result that goes past the caches.
  { x: [2, 7, 7, 1100], window: [1, 1], filters: 70 },
  { x: [2, 130, 130, 20], window: [1, 1], filters: 64 },
] as const;

/** Millions of floats are compared in no time as bytes. */
const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

interface Options {
  readonly instructions?: string;
  readonly threads?: bigint;
}

/** A convolution by TensorFlow's operation and by ours. */
function bothWays(scope: Scope, { x, window, filters }: (typeof CASES)[number], options: Options): [Output, Output] {
  const inputs = [random(scope, x, 1), random(scope, [...window, x[3], filters], 2)];
  const attributes = { strides: [1n, 1n, 1n, 1n], padding: 'SAME' };
  const stock = scope.op('Conv2D', { inputs, attributes }).output();
  return [stock, scope.op(CONVOLUTION, { inputs, attributes: { ...options } }).output()];
}

async function computed(one: (typeof CASES)[number], options: Options): Promise<[Float32Array, Float32Array]> {
  using graph = new Graph();
  return (await valuesOf(graph, bothWays(graph.scope(), one, options))) as [Float32Array, Float32Array];
}

describe.skipIf(!hasNativeOperations())('our convolution [needs a C++ compiler at set-up]', () => {
  it.each(INSTRUCTIONS)(
    "is TensorFlow's up to rounding with the instructions %s, where the processor has them",
    async (instructions) => {
      for (const one of CASES) {
        const found = await computed(one, { instructions }).catch((error: unknown) => error);
        if (found instanceof Error) {
          expect(['avx2', 'avx512']).toContain(instructions);
          expect(found.message).toContain('this processor has no');
          return;
        }
        const [stock, ours] = found as [Float32Array, Float32Array];
        expect(difference(ours, stock), `${one.x.join('x')} by ${one.window.join('x')}`).toBeLessThan(ROUNDING);
      }
    },
  );

  it('is the same to the last bit for any number of threads', async () => {
    for (const one of CASES) {
      const [, alone] = await computed(one, { threads: 1n });
      for (const threads of [2n, 5n, 0n]) {
        const [, found] = await computed(one, { threads });
        expect(bytesOf(found).equals(bytesOf(alone)), `${one.x.join('x')}, ${threads} threads`).toBe(true);
      }
    }
  });

  it('tells the shape of its result before it runs, as far as its inputs tell theirs', () => {
    using graph = new Graph();
    const scope = graph.scope();
    const filter = scope.constant(1, { shape: [3, 3, 4, 6] });
    const shapeFor = (x: Output) => scope.op(CONVOLUTION, { inputs: [x, filter] }).output().shape;
    expect(shapeFor(scope.placeholder('float32', [null, 7, 5, 4]))).toEqual([null, 7, 5, 6]);
    expect(shapeFor(scope.placeholder('float32', undefined))).toEqual([null, null, null, 6]);
  });

  it('is nothing where there is no picture', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const inputs = [scope.constant(0, { shape: [0, 5, 5, 4] }), scope.constant(1, { shape: [3, 3, 4, 6] })];
    const [none] = await valuesOf(graph, [scope.op(CONVOLUTION, { inputs }).output()]);
    expect(none).toHaveLength(0);
  });

  it.each([1, 3])('is zero where pictures have no channels, with windows of %d by as many', async (side) => {
    using graph = new Graph();
    const scope = graph.scope();
    const inputs = [scope.constant(0, { shape: [1, 2, 2, 0] }), scope.constant(0, { shape: [side, side, 0, 2] })];
    const [zeros] = await valuesOf(graph, [scope.op(CONVOLUTION, { inputs }).output()]);
    expect(zeros).toEqual(new Float32Array(8));
  });

  it.each<[what: string, x: number[], filter: number[], message: RegExp]>([
    ['other channels', [2, 5, 5, 4], [3, 3, 5, 6], /transforms for, with the channels/],
    ['other channels for a window of one pixel', [2, 5, 5, 4], [1, 1, 5, 6], /transforms for, with the channels/],
    ['a window of 2 by 2', [2, 5, 5, 4], [2, 2, 4, 6], /transforms for, with the channels/],
    ['pictures of three axes', [5, 5, 4], [3, 3, 4, 6], /4 axes/],
    ['a filter of no axis', [2, 5, 5, 4], [], /4 axes/],
    ['sizes beyond 2^31', [2, 0, 2 ** 40, 4], [3, 3, 4, 6], /4 axes/],
  ])('refuses %s', async (_what, x, filter, message) => {
    using graph = new Graph();
    const scope = graph.scope();
    const feeds = [x, filter].map((shape) => {
      const value = Tensor.of('float32', shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
      return [scope.placeholder('float32', undefined), value] as const;
    });
    const y = scope.op(CONVOLUTION, { inputs: feeds.map(([input]) => input) }).output();
    using session = new Session(graph, { intraOpThreads: 1 });
    await expect(session.run({ feeds, fetches: [y] })).rejects.toThrow(message);
    for (const [, value] of feeds) value[Symbol.dispose]();
  });
});

describe('fasterConvolutions', () => {
  /** Four convolutions, the last with strides, and the loss and the gradients of all that they read. */
  function network(graph: Graph) {
    const scope = graph.scope();
    const x = random(scope, [4, 16, 16, 3], 1);
    const shapes = [
      [3, 3, 3, 16],
      [3, 3, 16, 16],
      [3, 3, 16, 48],
      [3, 3, 48, 96],
    ] as const;
    const filters = shapes.map((shape, i) => random(scope, shape, i + 2));
    const y = filters.reduce((from, filter, i) => {
      const strides: [number, number] = i === 3 ? [2, 2] : [1, 1];
      return conv2d(scope, i === 0 ? from : relu(scope, from), filter, { strides, padding: 'SAME' });
    }, x);
    const loss = sum(scope, mul(scope, y, y));
    return { scope, loss, slopes: gradients(scope, [loss], [x, ...filters]) };
  }

  it('gives the loss and the gradients that there were up to rounding, on every way to them', async () => {
    using graph = new Graph();
    const stock = network(graph);
    const expected = await valuesOf(graph, [stock.loss, ...stock.slopes]);
    using other = new Graph();
    const { scope, loss, slopes } = network(other);
    const found = await valuesOf(other, [loss, ...fasterConvolutions(scope, slopes)]);
    found.forEach((values, i) => expect(difference(values, expected[i] as Float32Array)).toBeLessThan(ROUNDING));
  });

  describe.skipIf(!hasNativeOperations())('changes [needs a C++ compiler at set-up]', () => {
    it('no gradient by the filter of what has too few channels', () => {
      using graph = new Graph();
      const { scope, slopes } = network(graph);
      const types = fasterConvolutions(scope, slopes).map(({ operation }) => operation.type);
      const ours = 'BluewatersConvolutionFilterGradient';
      const stock = 'Conv2DBackpropFilter';
      expect(types).toEqual(['Conv2DBackpropInput', stock, stock, ours, ours]);
    });

    it('convolutions with windows of one pixel and strides of 1, and both of their gradients', () => {
      using graph = new Graph();
      const scope = graph.scope();
      const inputs = [random(scope, [4, 8, 8, 16], 1), random(scope, [1, 1, 16, 48], 2)] as const;
      const y = conv2d(scope, ...inputs, { strides: [1, 1], padding: 'VALID' });
      const types = fasterConvolutions(scope, gradients(scope, [sum(scope, mul(scope, y, y))], inputs));
      expect(types.map(({ operation }) => operation.type)).toEqual([
        'BluewatersConvolutionInputGradient',
        'BluewatersConvolutionFilterGradient',
      ]);
      expect(graph.operations().filter(({ type }) => type === CONVOLUTION)).toHaveLength(1);
    });

    it('the convolutions of 3 by 3 with strides of 1', () => {
      using graph = new Graph();
      const { scope, slopes } = network(graph);
      fasterConvolutions(scope, slopes);
      expect(graph.operations().filter(({ type }) => type === CONVOLUTION)).toHaveLength(2);
    });
  });
});
