import { describe, expect, it } from 'vitest';
import { Graph, initializers, Session, variable, type DType, type Initializer } from './index.js';

const {
  constant,
  dirac,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  normal,
  ones,
  orthogonal,
  truncatedNormal,
  uniform,
  zeros,
} = initializers;

async function draw(initializer: Initializer, shape: readonly number[], name = 'a', dtype: DType = 'float32') {
  using graph = new Graph();
  const drawn = variable(graph.scope(), name, { dtype, shape, initializer });
  using session = new Session(graph);
  await session.run({ targets: [drawn.initializer] });
  using value = (await session.run({ fetches: [drawn.value] }))[0]!;
  return Array.from(value.values(), Number);
}

/** A filter of 5 by 5 from 8 to 32 channels: fan in 200, fan out 800. */
const FILTER = [5, 5, 8, 32];

/** Each random initializer, with the standard deviation and the greatest value that its paper gives for the filter. */
const RANDOM: readonly (readonly [string, (seed: number) => Initializer, stddev: number, limit: number])[] = [
  ['uniform', (seed) => uniform({ limit: 0.3, seed }), 0.3 / Math.sqrt(3), 0.3],
  ['normal', (seed) => normal({ stddev: 0.2, seed }), 0.2, Infinity],
  // Cut off at two standard deviations, a normal distribution keeps 0.8796 of its own.
  ['truncatedNormal', (seed) => truncatedNormal({ stddev: 0.2, seed }), 0.2 * 0.8796, 0.4],
  ['glorotUniform', (seed) => glorotUniform({ seed }), Math.sqrt(2 / 1000), Math.sqrt(6 / 1000)],
  ['glorotNormal', (seed) => glorotNormal({ seed }), Math.sqrt(2 / 1000), (2 * Math.sqrt(2 / 1000)) / 0.8796],
  ['heUniform', (seed) => heUniform({ seed }), Math.sqrt(2 / 200), Math.sqrt(6 / 200)],
  ['heNormal', (seed) => heNormal({ seed }), Math.sqrt(2 / 200), (2 * Math.sqrt(2 / 200)) / 0.8796],
];

describe('initializers', () => {
  it.each(RANDOM)('%s has the spread of its distribution around zero', async (_name, make, stddev, limit) => {
    const values = await draw(make(1), FILTER);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const spread = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
    expect(Math.abs(mean)).toBeLessThan(0.05 * stddev);
    expect(Math.abs(spread / stddev - 1)).toBeLessThan(0.03);
    const greatest = Math.max(...values.map(Math.abs));
    expect(greatest).toBeLessThanOrEqual(limit * 1.0001);
    expect(greatest).toBeGreaterThan(Math.min(0.95 * limit, 3 * stddev));
  });

  it.each([...RANDOM, ['orthogonal', (seed: number) => orthogonal({ seed }), 0, 0] as const])(
    '%s draws the same values for the same seed and name, and others for others',
    async (_name, make) => {
      const values = await draw(make(1), [20, 10]);
      expect(await draw(make(1), [20, 10])).toEqual(values);
      expect(await draw(make(2), [20, 10])).not.toEqual(values);
      expect(await draw(make(1), [20, 10], 'b')).not.toEqual(values);
    },
  );

  it.each([...RANDOM, ['zeros', zeros, 0, 0] as const, ['constant', () => constant(2), 0, 0] as const])(
    '%s is computed by the run that needs it: what TensorFlow computes beforehand it keeps',
    async (_name, make) => {
      using graph = new Graph();
      const drawn = variable(graph.scope(), 'a', { dtype: 'float32', shape: [50, 50], initializer: make(1) });
      using session = new Session(graph);
      const { metadata } = await session.trace({ targets: [drawn.initializer] });
      const ran = metadata.stepStats?.devStats.flatMap(({ nodeStats }) => nodeStats.map((node) => node.timelineLabel));
      expect(ran).toContainEqual(expect.stringMatching(/^a\/Initializer\/\w+ = (Fill|Stateless\w+)\(/));
    },
  );

  it('fill with one value', async () => {
    expect(await draw(zeros(), [3])).toEqual([0, 0, 0]);
    expect(await draw(ones(), [1, 2])).toEqual([1, 1]);
    expect(await draw(constant(0.5), [])).toEqual([0.5]);
  });

  it.each([
    { shape: [3, 3, 2, 5], middle: 4 },
    { shape: [1, 1, 3, 3], middle: 0 },
    { shape: [2, 2, 3, 2], middle: 3 },
  ])('dirac of $shape hands on one input by each of the first filters', async ({ shape, middle }) => {
    const [inputs = 0, outputs = 0] = shape.slice(2);
    const others = await draw(heNormal({ seed: 1 }), shape);
    const values = await draw(dirac({ others: heNormal({ seed: 1 }) }), shape);
    for (const [index, value] of values.entries()) {
      const [window, input, filter] = [
        Math.floor(index / (inputs * outputs)),
        Math.floor(index / outputs) % inputs,
        index % outputs,
      ];
      if (filter < inputs) expect(value).toBe(window === middle && input === filter ? 1 : 0);
      else expect(value).toBe(others[index]);
    }
  });

  it.each([
    { shape: [12, 7], gain: 1 },
    { shape: [7, 12], gain: 1 },
    { shape: [3, 3, 2, 6], gain: Math.SQRT2 },
  ])('orthogonal makes rows or columns of $shape orthogonal, of length $gain', async ({ shape, gain }) => {
    const values = await draw(orthogonal({ gain, seed: 3 }), shape, 'a', 'float64');
    const columns = shape.at(-1)!;
    const rows = values.length / columns;
    const vectors =
      rows >= columns
        ? Array.from({ length: columns }, (_, j) => values.filter((_value, i) => i % columns === j))
        : Array.from({ length: rows }, (_, i) => values.slice(i * columns, (i + 1) * columns));
    for (const [i, u] of vectors.entries()) {
      for (const [j, v] of vectors.entries()) {
        const product = u.reduce((total, value, k) => total + value * v[k]!, 0);
        expect(product).toBeCloseTo(i === j ? gain ** 2 : 0, 12);
      }
    }
  });
});
