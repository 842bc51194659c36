import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { attributesIn } from './attributes-in.js';
import {
  attributesOf,
  difference,
  inputsOf,
  name,
  random,
  ROUNDING,
  stockGradients,
  valuesOf,
  type Case,
} from './convolutions.fixture.js';
import {
  cast,
  conv2d,
  fasterConvolutions,
  gradients,
  Graph,
  hasNativeOperations,
  mul,
  replacesOperations,
  sum,
  type Output,
  type Scope,
} from './index.js';

/** What the unit needs, as Linux names it. */
const FLAGS = ['amx_bf16', 'amx_tile', 'avx512_bf16'];

function hasUnit(): boolean {
  const flags = /^flags\s*:(.*)$/mu.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(/\s+/u) ?? [];
  return FLAGS.every((flag) => flags.includes(flag));
}

/** Lengths around those of tiles, panels and blocks; sums deeper than a panel; windows in parts for many threads. */
const CASES: readonly Case[] = [
  { x: [1, 1, 1, 32], window: [1, 1], filters: 32 },
  { x: [2, 7, 9, 48], window: [3, 3], filters: 48 },
  { x: [1, 5, 5, 33], window: [3, 3], filters: 80 },
  { x: [2, 8, 9, 17], window: [1, 7], filters: 32 },
  { x: [2, 9, 8, 40], window: [7, 1], filters: 96 },
  { x: [4, 14, 14, 64], window: [1, 1], filters: 300 },
  { x: [2, 13, 13, 130], window: [5, 5], filters: 288 },
  { x: [9, 16, 16, 20], window: [3, 3], filters: 40 },
];

/** The gradients take these besides. */
const STRIDED: readonly Case[] = [
  { x: [3, 9, 8, 64], window: [3, 3], filters: 64, strides: [2, 2] },
  { x: [2, 11, 7, 3], window: [7, 7], filters: 64, strides: [2, 2] },
  { x: [3, 9, 9, 64], window: [3, 3], filters: 48, padding: 'VALID' },
];

interface Options {
  readonly products?: string;
  readonly threads?: bigint;
}

/** What is computed of one: the convolution, where ours can, and both gradients. */
function oursOf(scope: Scope, one: Case, inputs: readonly Output[], options: Options): Output[] {
  const attributes = { ...attributesOf(one), ...options };
  const gradientsOf = ['FilterGradient', 'InputGradient'].map((which) =>
    scope.op(`BluewatersConvolution${which}`, { inputs, attributes }).output(),
  );
  if (STRIDED.includes(one)) return gradientsOf;
  const ours = scope.op('BluewatersConvolution', { inputs: inputs.slice(0, 2), attributes: { ...options } });
  return [...gradientsOf, ours.output()];
}

function stockOf(scope: Scope, one: Case, inputs: ReturnType<typeof inputsOf>): Output[] {
  const gradientsOf = Object.values(stockGradients(scope, one, inputs));
  if (STRIDED.includes(one)) return gradientsOf;
  const convolution = { inputs: inputs.slice(0, 2), attributes: attributesOf(one) };
  return [...gradientsOf, scope.op('Conv2D', convolution).output()];
}

const rounded = (scope: Scope, x: Output): Output => cast(scope, cast(scope, x, 'bfloat16'), 'float32');

const bytesOf = (values: readonly Float32Array[]): Buffer =>
  Buffer.concat(values.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)));

describe.skipIf(!hasNativeOperations())('products in bfloat16 [need a C++ compiler at set-up]', () => {
  it('are those of factors that were rounded, where the processor has a matrix unit, else of float32', async () => {
    for (const one of [...CASES, ...STRIDED]) {
      using graph = new Graph();
      const scope = graph.scope();
      const inputs = inputsOf(scope, one);
      const ours = oursOf(scope, one, inputs, { products: 'bfloat16' });
      const seen = hasUnit() ? (inputs.map((input) => rounded(scope, input)) as typeof inputs) : inputs;
      // With strides, few channels, and filters that fill no tile, the gradient by the pictures is float32's everywhere.
      const byPictures = one.strides || one.x[3] <= 16 || one.filters % 16 !== 0 ? inputs : seen;
      const stock = stockOf(scope, one, seen);
      stock[1] = stockOf(scope, one, byPictures)[1] as Output;
      const found = await valuesOf(graph, [...ours, ...stock]);
      ours.forEach((_ours, i) => {
        const [own, expected] = [found[i], found[ours.length + i]] as [Float32Array, Float32Array];
        expect(difference(own, expected), `${i} of ${name(one)}`).toBeLessThan(ROUNDING);
      });
    }
  });

  it('are the same to the last bit for any number of threads', async () => {
    for (const one of [...CASES, ...STRIDED]) {
      const found: Buffer[] = [];
      for (const threads of [1n, 2n, 5n, 0n]) {
        using graph = new Graph();
        const scope = graph.scope();
        const ours = oursOf(scope, one, inputsOf(scope, one), { products: 'bfloat16', threads });
        found.push(bytesOf(await valuesOf(graph, ours)));
      }
      expect(
        found.every((bytes) => bytes.equals(found[0] as Buffer)),
        name(one),
      ).toBe(true);
    }
  });

  it('leave nothing of theirs in the unit: TensorFlow multiplies bfloat16 before and after as it does alone', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const one = CASES[5] as Case;
    const inputs = inputsOf(scope, one);
    const half = inputs.map((input) => cast(scope, input, 'bfloat16')) as [Output, Output, Output];
    const stock = (within: Scope) =>
      cast(within, conv2d(within, half[0], half[1], { strides: [1, 1], padding: 'SAME' }), 'float32');
    const before = stock(scope);
    const ours = oursOf(scope.after(before.operation), one, inputs, { products: 'bfloat16' });
    const after = stock(scope.after(...ours.map(({ operation }) => operation)));
    const [first, last] = await valuesOf(graph, [before, after]);
    expect(last).toEqual(first);
  });

  it('are asked for by whoever lets factors be rounded, and by nobody else', () => {
    if (!replacesOperations()) return;
    for (const products of ['float32', 'bfloat16'] as const) {
      using graph = new Graph();
      const scope = graph.scope();
      const inputs = [random(scope, [4, 16, 16, 32], 1), random(scope, [3, 3, 32, 48], 2)] as const;
      const y = conv2d(scope, ...inputs, { strides: [1, 1], padding: 'SAME' });
      fasterConvolutions(scope, gradients(scope, [sum(scope, mul(scope, y, y))], inputs), 0, products);
      const ours = graph.operations().filter(({ type }) => type.startsWith('BluewatersConvolution'));
      expect(ours).toHaveLength(3);
      for (const operation of ours) expect(attributesIn(operation).text('products')).toBe(products);
    }
  });
});
