import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { inOrder } from './in-order.js';

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const value of values) collected.push(value);
  return collected;
}

describe('inOrder', () => {
  it.each([1, 3, 100])('gives results in the order of the values, %i at a time', async (limit) => {
    let [running, most] = [0, 0];
    const values = Array.from({ length: 12 }, (_, i) => i);
    const results = inOrder(values, limit, async (value) => {
      most = Math.max(most, ++running);
      await sleep((7 * value) % 5);
      running--;
      return value;
    });
    expect(await collect(results)).toEqual(values);
    expect(most).toBe(Math.min(limit, values.length));
  });

  it('throws an error in its turn, after waiting for what is running', async () => {
    const ended: number[] = [];
    const seen: number[] = [];
    const work = async (value: number): Promise<number> => {
      await sleep(value === 2 ? 1 : 10);
      ended.push(value);
      if (value === 2) throw new Error('two');
      return value;
    };
    await expect(async () => {
      for await (const value of inOrder([0, 1, 2, 3, 4, 5], 3, work)) seen.push(value);
    }).rejects.toThrow('two');
    expect(seen).toEqual([0, 1]);
    expect(ended.sort()).toEqual([0, 1, 2, 3, 4]);
  });
});
