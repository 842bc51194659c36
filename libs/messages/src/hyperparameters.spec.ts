import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Hyperparameters } from './index.js';

describe('hyperparameters', () => {
  it('are explained in docs/recipes.md, each of them', () => {
    const page = readFileSync(new URL('../../../docs/recipes.md', import.meta.url), 'utf8');
    const table = page.slice(page.indexOf('## What a recipe says'));
    const missing = Object.keys(Hyperparameters.shape).filter((field) => !table.includes(`\`${field}\``));
    expect(missing).toEqual([]);
  });

  it('refuse a fall that would let the rate rise, which the original had', () => {
    const given = { epochs: 1, batch: 1, learningRate: 1, momentum: 0, weightDecay: 0 };
    expect(Hyperparameters.safeParse({ ...given, decayFactor: 0.94 }).success).toBe(true);
    expect(Hyperparameters.safeParse({ ...given, decayFactor: 2.71 }).success).toBe(false);
  });
});
