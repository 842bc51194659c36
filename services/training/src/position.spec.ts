import { describe, expect, it } from 'vitest';
import { epochOrder } from './epoch-order.js';
import { positionAt, stepsInEpoch } from './position.js';

describe('positionAt', () => {
  it('gives every step exactly one place', () => {
    const places = Array.from({ length: 30 }, (_, step) => positionAt(step, 7));
    expect(places.map(({ epoch, stepInEpoch }) => epoch * 7 + stepInEpoch)).toEqual(places.map(({ step }) => step));
  });
});

describe('stepsInEpoch', () => {
  it.each([
    [100, 10, 10],
    [101, 10, 11],
    [5, 10, 1],
  ])('covers %i examples in batches of %i by %i steps', (examples, batch, steps) => {
    expect(stepsInEpoch(examples, batch)).toBe(steps);
  });
});

describe('epochOrder', () => {
  const files = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

  it('is the same for the same seed and epoch', () => {
    expect(epochOrder(files, { seed: 7, epoch: 3 })).toEqual(epochOrder(files, { seed: 7, epoch: 3 }));
  });

  it('names every file once, in another order each epoch', () => {
    const orders = [0, 1, 2, 3].map((epoch) => epochOrder(files, { seed: 7, epoch }));
    for (const order of orders) expect([...order.files].sort()).toEqual(files);
    expect(new Set(orders.map((order) => order.files.join())).size).toBe(4);
    expect(new Set(orders.map((order) => order.seeds.join())).size).toBe(4);
  });

  it('never gives TensorFlow two zeros, which would mean any order', () => {
    for (let epoch = 0; epoch < 100; epoch += 1) expect(epochOrder(files, { seed: 0, epoch }).seeds).not.toContain(0n);
  });
});
