import { describe, expect, it } from 'vitest';
import { Guesses } from './guesses.js';

describe('guesses', () => {
  it('hold the five most probable outputs, of equal ones the lower first, and the cross entropy', () => {
    const guesses = new Guesses(2, 6);
    guesses.add([3], Float32Array.of(0.1, 0.2, 0.1, 0.25, 0.1, 0.25));
    guesses.add([0], Float32Array.of(0, 0, 0, 0, 0, 1));
    const { labels, top, losses, k } = guesses.predictions();
    expect(k).toBe(5);
    expect([...labels]).toEqual([3, 0]);
    expect([...top]).toEqual([3, 5, 1, 0, 2, 5, 0, 1, 2, 3]);
    expect(losses[0]).toBeCloseTo(Math.log(4));
    expect(losses[1]).toBeCloseTo(-Math.log(1e-12)); // finite, however sure the model was of something else
  });

  it('of a model with fewer outputs are as many as it has', () => {
    const guesses = new Guesses(1, 3);
    guesses.add([1], Float32Array.of(0.2, 0.5, 0.3));
    expect([...guesses.predictions().top]).toEqual([1, 2, 0]);
  });
});
