import { describe, expect, it } from 'vitest';
import {
  attributesOf,
  difference,
  INSTRUCTIONS,
  inputsOf,
  name,
  ROUNDING,
  stockGradients,
  valuesOf,
  type Case,
} from './convolutions.fixture.js';
import { Graph, hasNativeOperations, Session, Tensor, type Scope } from './index.js';

const OPERATIONS = { filter: 'BluewatersConvolutionFilterGradient', x: 'BluewatersConvolutionInputGradient' } as const;
type Of = keyof typeof OPERATIONS;

/** Lengths around the sizes of tiles, blocks and vectors; windows larger than the picture; strides larger than the window. */
const CASES: readonly Case[] = [
  { x: [1, 1, 1, 1], window: [1, 1], filters: 1 },
  { x: [2, 9, 7, 3], window: [7, 7], filters: 5, strides: [2, 2] },
  { x: [1, 5, 5, 17], window: [3, 3], filters: 33, padding: 'VALID' },
  { x: [3, 17, 13, 20], window: [3, 1], filters: 48, strides: [2, 1] },
  { x: [2, 12, 12, 70], window: [1, 7], filters: 50 },
  { x: [2, 12, 12, 16], window: [7, 1], filters: 16 },
  { x: [1, 30, 31, 16], window: [5, 5], filters: 17, strides: [1, 3], padding: 'VALID' },
  { x: [2, 3, 3, 8], window: [5, 5], filters: 16 },
  { x: [2, 11, 10, 24], window: [1, 1], filters: 40, strides: [2, 2] },
  { x: [2, 8, 8, 300], window: [1, 1], filters: 260 },
  { x: [9, 14, 14, 40], window: [1, 1], filters: 96 },
  { x: [2, 7, 7, 34], window: [1, 1], filters: 1100 },
  { x: [2, 130, 130, 64], window: [1, 1], filters: 20, padding: 'VALID' },
  { x: [1, 6, 6, 150], window: [3, 3], filters: 34, strides: [3, 2] },
  { x: [8, 33, 35, 4], window: [3, 3], filters: 8 },
  { x: [1, 7, 9, 330], window: [1, 1], filters: 290 },
  // By Winograd's way:
  { x: [3, 14, 14, 20], window: [3, 3], filters: 34 },
  { x: [9, 9, 11, 33], window: [3, 3], filters: 18, padding: 'VALID' },
  { x: [42, 4, 3, 300], window: [3, 3], filters: 130 },
  { x: [1, 60, 57, 16], window: [3, 3], filters: 16 },
  { x: [2, 17, 16, 24], window: [1, 7], filters: 20 },
  { x: [1, 19, 17, 20], window: [7, 1], filters: 40, padding: 'VALID' },
  { x: [4, 13, 14, 18], window: [5, 5], filters: 36 },
  { x: [2, 17, 21, 18], window: [5, 5], filters: 16, padding: 'VALID' },
  { x: [3, 12, 12, 40], window: [1, 3], filters: 20 },
  { x: [3, 12, 12, 20], window: [3, 1], filters: 40 },
];

/** Both gradients of a convolution, by TensorFlow's operations and by ours. */
function bothWays(scope: Scope, one: Case, ours: { readonly instructions?: string; readonly threads?: number }) {
  const inputs = inputsOf(scope, one);
  const threads = ours.threads === undefined ? {} : { threads: BigInt(ours.threads) };
  const stock = stockGradients(scope, one, inputs);
  const own = { ...attributesOf(one), ...ours, ...threads };
  const made = (of: Of) => scope.op(OPERATIONS[of], { inputs, attributes: own }).output();
  return [stock.filter, made('filter'), stock.x, made('x')];
}

async function isThere(instructions: string): Promise<boolean> {
  using graph = new Graph();
  const made = bothWays(graph.scope(), CASES[0] as Case, { instructions });
  return valuesOf(graph, made).then(
    () => true,
    () => false,
  );
}

describe.skipIf(!hasNativeOperations())('our gradients of a convolution [need a C++ compiler at set-up]', () => {
  it.each(INSTRUCTIONS)(
    "are TensorFlow's up to rounding with the instructions %s, where the processor has them",
    async (instructions) => {
      if (!(await isThere(instructions))) return expect(['avx2', 'avx512']).toContain(instructions);
      for (const one of CASES) {
        using graph = new Graph();
        const [filter, ownFilter, x, ownX] = (await valuesOf(
          graph,
          bothWays(graph.scope(), one, { instructions }),
        )) as [Float32Array, Float32Array, Float32Array, Float32Array];
        expect(difference(ownFilter, filter), `filter of ${name(one)}`).toBeLessThan(ROUNDING);
        expect(difference(ownX, x), `pictures of ${name(one)}`).toBeLessThan(ROUNDING);
      }
    },
  );

  it('are the same to the last bit twice, and for any number of threads', async () => {
    for (const one of CASES) {
      const found: Buffer[] = [];
      for (const threads of [1, 2, 2, 5, 0]) {
        using graph = new Graph();
        const [, filter, , x] = await valuesOf(graph, bothWays(graph.scope(), one, { threads }));
        found.push(Buffer.concat([filter, x].map((values) => Buffer.from((values as Float32Array).buffer))));
      }
      expect(
        found.every((bytes) => bytes.equals(found[0] as Buffer)),
        name(one),
      ).toBe(true);
    }
  });

  it('are the right ones while several sessions ask for them at the same time', async () => {
    const one = CASES[4] as Case;
    const alone = async () => {
      using graph = new Graph();
      return valuesOf(graph, bothWays(graph.scope(), one, { threads: 3 }));
    };
    const [first, ...others] = await Promise.all(Array.from({ length: 4 }, alone));
    for (const other of others) expect(other).toEqual(first);
  });

  it('are zero where there is no picture, and where no window fits', async () => {
    for (const one of [
      { x: [0, 5, 5, 16], window: [3, 3], filters: 16 },
      { x: [2, 2, 2, 16], window: [3, 3], filters: 16, padding: 'VALID' },
    ] satisfies Case[]) {
      using graph = new Graph();
      const { x, window, filters } = one;
      const scope = graph.scope();
      const zeros = (shape: readonly number[]) => scope.constant(0, { shape });
      const arriving = one.padding === 'VALID' ? [2, 0, 0, 16] : [0, 5, 5, 16];
      const inputs = [zeros(x), scope.constant(1, { shape: [...window, 16, filters] }), zeros(arriving)];
      const attributes = attributesOf(one);
      const found = await valuesOf(
        graph,
        Object.values(OPERATIONS).map((type) => scope.op(type, { inputs, attributes }).output()),
      );
      expect(found.map(({ length }) => length)).toEqual([9 * 16 * filters, x.reduce((a, b) => a * b)]);
      expect(found.every((values) => values.every((value) => value === 0))).toBe(true);
    }
  });
});

describe.skipIf(!hasNativeOperations())(
  'what our gradients of a convolution refuse [needs a C++ compiler at set-up]',
  () => {
    const GOOD = { x: [2, 5, 5, 4], filter: [3, 3, 4, 6], arriving: [2, 5, 5, 6] };

    async function run(shapes: typeof GOOD, attributes: Readonly<Record<string, bigint[] | string>> = {}) {
      using graph = new Graph();
      const scope = graph.scope();
      const feeds = Object.values(shapes).map((shape) => {
        const value = Tensor.of('float32', shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
        return [scope.placeholder('float32', undefined), value] as const;
      });
      const all = { strides: [1n, 1n, 1n, 1n], padding: 'SAME', ...attributes };
      const inputs = feeds.map(([input]) => input);
      using session = new Session(graph, { intraOpThreads: 1 });
      for (const type of Object.values(OPERATIONS)) {
        const fetches = [scope.op(type, { inputs, attributes: all }).output()];
        const [tensor] = await session.run({ feeds, fetches });
        tensor?.[Symbol.dispose]();
      }
      for (const [, value] of feeds) value[Symbol.dispose]();
    }

    it('is nothing that belongs together', async () => {
      await expect(run(GOOD)).resolves.toBeUndefined();
    });

    it.each([
      ['other channels', { ...GOOD, filter: [3, 3, 5, 6] }],
      ['other filters', { ...GOOD, arriving: [2, 5, 5, 7] }],
      ['another batch', { ...GOOD, arriving: [3, 5, 5, 6] }],
      ['too few windows', { ...GOOD, arriving: [2, 4, 5, 6] }],
      ['too many windows', { ...GOOD, arriving: [2, 5, 6, 6] }],
      ['no picture, but windows', { ...GOOD, x: [2, 0, 5, 4] }],
      ['a picture of three axes', { ...GOOD, x: [5, 5, 4] }],
      ['a scalar', { ...GOOD, filter: [] }],
      ['sizes beyond 2^31', { ...GOOD, x: [2, 0, 2 ** 40, 4] }],
    ])('is %s', async (_what, shapes) => {
      await expect(run(shapes)).rejects.toThrow(/belong to one convolution|4 axes/);
    });

    it.each([
      ['a stride of 0', { strides: [1n, 0n, 1n, 1n] }],
      ['a huge stride', { strides: [1n, 2n ** 40n, 1n, 1n] }],
      ['a stride over pictures', { strides: [2n, 1n, 1n, 1n] }],
      ['three strides', { strides: [1n, 1n, 1n] }],
    ])('is %s', async (_what, attributes) => {
      await expect(run(GOOD, attributes)).rejects.toThrow(/strides/);
    });
  },
);
