import { describe, expect, it } from 'vitest';
import { fuzz } from './fuzz.mjs';

describe('the public interface under a fuzz', () => {
  it.each([1, 2])(
    'answers every malformed operation, attribute, shape and feed of seed %i with a value or a coded error',
    async (seed) => {
      const { findings, ...figures } = await fuzz({ seed, steps: 150 });
      expect(findings).toEqual([]);
      expect(figures.steps).toBe(150);
      // A fuzz that is refused everything, or nothing, tries nothing.
      expect(figures.accepted).toBeGreaterThan(80);
      expect(figures.refused).toBeGreaterThan(80);
      expect(figures.runs - figures.failed).toBeGreaterThan(50);
    },
    120_000,
  );

  it('takes the same steps for the same seed', async () => {
    const [one, same] = await Promise.all([
      fuzz({ seed: 5, from: 40, steps: 20 }),
      fuzz({ seed: 5, from: 40, steps: 20 }),
    ]);
    expect(same).toEqual(one);
  }, 120_000);
});
