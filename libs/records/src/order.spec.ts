import { describe, expect, it } from 'vitest';
import { evenRanges, shuffledOrder } from './index.js';

describe('order by seed', () => {
  it.each([0, 1, 2, 1000])('holds each of %i numbers once', (count) => {
    expect([...shuffledOrder(count, 7)].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
  });

  it('never changes: shards of last year must come out the same', () => {
    expect([...shuffledOrder(10, 42)]).toEqual([0, 2, 7, 4, 3, 6, 9, 1, 8, 5]);
  });

  it('differs by every word of the key, also above 2^32', () => {
    const keys = [[1], [2], [1, 0], [1, 1], [2 ** 32 + 1], [2 ** 53 - 1], [0]];
    expect(new Set(keys.map((key) => shuffledOrder(50, ...key).join())).size).toBe(keys.length);
  });

  it('puts every number at every place about equally often', () => {
    const draws = 6000;
    const counts = Array.from({ length: 6 }, () => new Array<number>(6).fill(0));
    for (let seed = 0; seed < draws; seed++) shuffledOrder(6, seed).forEach((value, place) => counts[place]![value]!++);
    // 1,000 expected in each cell, standard deviation about 29.
    for (const count of counts.flat()) expect(Math.abs(count - draws / 6)).toBeLessThan(180);
  });

  it.each([-1, 0.5, 2 ** 53])('refuses the seed %d', (seed) => {
    expect(() => shuffledOrder(3, seed)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});

describe('even ranges', () => {
  it.each([
    [10, 3],
    [0, 4],
    [7, 7],
    [3, 5],
    [1_281_167, 1024],
  ])('cuts %i into %i parts that follow each other and differ by at most one', (count, parts) => {
    const ranges = evenRanges(count, parts);
    expect(ranges).toHaveLength(parts);
    expect(ranges[0]!.start).toBe(0);
    expect(ranges.at(-1)!.end).toBe(count);
    ranges.slice(1).forEach(({ start }, i) => expect(start).toBe(ranges[i]!.end));
    const lengths = ranges.map(({ start, end }) => end - start);
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
  });
});
