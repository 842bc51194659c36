import { Graph, Session, Tensor } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { mixExamples } from './mixing.js';
import type { MixingSettings } from './hyperparameters.js';

const [BATCH, SIDE, OUTPUTS] = [4, 8, 6];

/** Mixes a batch in which example n has the value n all over and the label n + 1, once a seed. */
async function mixed(settings: MixingSettings, seeds: readonly number[]) {
  using graph = new Graph();
  const scope = graph.scope();
  const pixels = Float32Array.from({ length: BATCH * SIDE * SIDE }, (_, i) => Math.floor(i / (SIDE * SIDE)));
  const images = scope.constant(pixels, { shape: [BATCH, SIDE, SIDE, 1] });
  const labels = scope.constant(Int32Array.of(1, 2, 3, 4));
  const seed = scope.placeholder('int64', [2]);
  const made = mixExamples(scope, { images, labels }, { ...settings, outputs: OUTPUTS, seed });
  using session = new Session(graph, { intraOpThreads: 1, interOpThreads: 1 });
  const results: { images: Float32Array; labels: Float32Array }[] = [];
  for (const one of seeds) {
    using fed = Tensor.of('int64', [2], BigInt64Array.of(BigInt(one), 0n));
    using pictures = (await session.run({ feeds: [[seed, fed]], fetches: [made.images] }))[0] as Tensor;
    using shares = (await session.run({ feeds: [[seed, fed]], fetches: [made.labels] }))[0] as Tensor;
    results.push({ images: pictures.values('float32').slice(), labels: shares.values('float32').slice() });
  }
  return results;
}

/** The share that the last example has in the first. */
const shareOf = ({ labels }: { readonly labels: Float32Array }): number => labels[4]!;

const SEEDS = Array.from({ length: 400 }, (_, n) => n);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: readonly number[]): number => mean(values.map((value) => (value - mean(values)) ** 2));

describe('MixUp', () => {
  it('fades each example into the one as far from the other end, pictures and labels by one share', async () => {
    for (const result of await mixed({ mixUp: 1 }, [3, 4])) {
      const share = shareOf(result);
      expect(result.labels[1]).toBeCloseTo(1 - share, 6);
      expect([...result.images.subarray(0, SIDE * SIDE)].every((pixel) => Math.abs(pixel - 3 * share) < 1e-5)).toBe(
        true,
      );
      for (let row = 0; row < BATCH; row += 1) {
        expect(mean([...result.labels.subarray(row * OUTPUTS, (row + 1) * OUTPUTS)]) * OUTPUTS).toBeCloseTo(1, 6);
      }
    }
  });

  it('draws its share from Beta(alpha, alpha): even with 1, mostly near the ends with 0.2', async () => {
    const [even, ends] = [
      (await mixed({ mixUp: 1 }, SEEDS)).map(shareOf),
      (await mixed({ mixUp: 0.2 }, SEEDS)).map(shareOf),
    ];
    expect(mean(even)).toBeCloseTo(0.5, 1);
    expect(variance(even)).toBeCloseTo(1 / 12, 2); // 1 / (4 (2 alpha + 1))
    expect(mean(ends)).toBeCloseTo(0.5, 1);
    expect(variance(ends)).toBeCloseTo(1 / 5.6, 2);
  });
});

describe('CutMix', () => {
  it('pastes one box of the partner into each example, with the box’s area for its share of the label', async () => {
    const results = await mixed({ cutMix: 1 }, SEEDS.slice(0, 50));
    for (const { images, labels } of results) {
      const first = [...images.subarray(0, SIDE * SIDE)];
      const pasted = first.flatMap((pixel, i) => (pixel === 3 ? [i] : []));
      expect(first.every((pixel) => pixel === 0 || pixel === 3)).toBe(true);
      expect(labels[4]).toBeCloseTo(pasted.length / (SIDE * SIDE), 6);
      const rows = new Set(pasted.map((i) => Math.floor(i / SIDE)));
      const columns = new Set(pasted.map((i) => i % SIDE));
      expect(pasted.length).toBe(rows.size * columns.size);
    }
    expect(new Set(results.map(shareOf)).size).toBeGreaterThan(10);
  });

  it('takes turns with MixUp by a coin where both are asked for, and is the same for the same seed', async () => {
    const both = await mixed({ mixUp: 1, cutMix: 1 }, SEEDS.slice(0, 100));
    const cut = both.filter(({ images }) => images.every(Number.isInteger)).length;
    expect(cut).toBeGreaterThan(30);
    expect(cut).toBeLessThan(70);
    expect(await mixed({ mixUp: 1, cutMix: 1 }, SEEDS.slice(0, 3))).toEqual(both.slice(0, 3));
  });
});
