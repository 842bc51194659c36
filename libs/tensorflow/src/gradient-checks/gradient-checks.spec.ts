import { describe, expect, it } from 'vitest';
import { GRADIENT_CASES, buildCase, deriveCase, runCase, valuesOf, type BuiltCase } from './build.fixture.js';
import type { GradientCase } from './case.fixture.js';

/** The derivative of the loss by each element of each input, by central differences in float64. */
async function differences(built: BuiltCase, at: readonly (readonly number[])[], step: number): Promise<number[][]> {
  const lossAt = async (input: number, element: number, by: number) => {
    const moved = at.map((values, i) => (i === input ? values.map((v, j) => (j === element ? v + by : v)) : values));
    return (await runCase(built, [built.loss], moved))[0]![0]!;
  };
  const slopes: number[][] = [];
  for (const [input, values] of at.entries()) {
    const row: number[] = [];
    for (const element of values.keys()) {
      row.push(((await lossAt(input, element, step)) - (await lossAt(input, element, -step))) / (2 * step));
    }
    slopes.push(row);
  }
  return slopes;
}

/** What our gradients and differences give; where a kernel has no float64, differences of the composed function. */
async function bothWays(one: GradientCase): Promise<{ ours: number[][]; expected: number[][]; exact: boolean }> {
  const at = valuesOf(one);
  using built = buildCase(one, one.f, one.composed ? 'float32' : 'float64');
  using reference = buildCase(one, one.composed ?? one.f, 'float64');
  const exact = built.loss.dtype === 'float64';
  const ours = await runCase(built, deriveCase(built), at);
  // In a linear function a step of any size is as good, and a large one is not lost in the rounding of float32.
  return { ours, expected: await differences(reference, at, reference.loss.dtype === 'float64' ? 1e-5 : 0.125), exact };
}

describe('gradients', () => {
  it.each(GRADIENT_CASES)('agree with central differences for $name', async (one) => {
    const { ours, expected, exact } = await bothWays(one);
    expect(ours.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
    const tolerance = exact ? 1e-8 : 2e-5;
    ours.flat().forEach((slope, i) => {
      expect(Math.abs(slope - expected.flat()[i]!)).toBeLessThan(tolerance * Math.max(1, Math.abs(slope)));
    });
    expect(Math.max(...ours.flat().map(Math.abs))).toBeGreaterThan(1e-3);
  });
});
