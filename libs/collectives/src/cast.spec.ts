import { describe, expect, it } from 'vitest';
import { castByGpu, castInOrder, layoutOfCast, quarterOf, taskInOrder, type Cast } from './cast.js';

/** Short: s0 for the first server, w0 for the first worker, - for a bystander. */
const shortly = (cast: Cast): string =>
  cast.map((task) => (task ? `${task.job === 'ps' ? 's' : 'w'}${task.index}` : '-')).join(' ');

describe('the cast of a run with parameter servers', () => {
  it('has servers first, then workers, and bystanders last, where numbers alone decide', () => {
    expect(shortly(castInOrder(5, { servers: 2 }))).toBe('s0 s1 w0 w1 w2');
    expect(shortly(castInOrder(5, { servers: 1, workers: 2 }))).toBe('s0 w0 w1 - -');
    const layout = { servers: 2, workers: 3 };
    expect(castInOrder(7, layout)).toEqual(Array.from({ length: 7 }, (_, rank) => taskInOrder(rank, layout)));
  });

  it.each([
    [2, { servers: 2 }],
    [3, { servers: 1, workers: 3 }],
  ])('is not had of %s ranks for %o', (size, layout) => {
    expect(() => castInOrder(size, layout)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', details: expect.objectContaining({ field: 'servers' }) }),
    );
  });

  it('has those as servers that have no GPU, wherever they stand', () => {
    expect(shortly(castByGpu([false, true, true, true]))).toBe('s0 w0 w1 w2');
    expect(shortly(castByGpu([true, false, true, false, true]))).toBe('w0 s0 w1 s1 w2');
    // The job of 2018: 4 servers on nodes without a GPU, and 16 workers.
    const successor = castByGpu(Array.from({ length: 20 }, (_, rank) => rank >= 4));
    expect(layoutOfCast(successor)).toEqual({ servers: 4, workers: 16 });
  });

  it.each([true, false])('has a quarter of all as servers where a GPU is had by all or none: %s', (has) => {
    const alike = (size: number): boolean[] => new Array<boolean>(size).fill(has);
    expect(shortly(castByGpu(alike(4)))).toBe('s0 w0 w1 w2');
    expect(shortly(castByGpu(alike(9)))).toBe('s0 s1 w0 w1 w2 w3 w4 w5 w6');
    for (const size of [2, 3, 16, 4_228]) {
      const cast = castByGpu(alike(size));
      const servers = cast.filter((task) => task?.job === 'ps').length;
      expect({ servers, workers: size - servers }).toEqual(quarterOf(size));
      expect(layoutOfCast(cast)).toEqual(quarterOf(size));
    }
  });

  it.each([1, undefined])('is not a quarter of %s', (all) => {
    expect(() => quarterOf(all)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', details: expect.objectContaining({ field: 'layout' }) }),
    );
  });
});
