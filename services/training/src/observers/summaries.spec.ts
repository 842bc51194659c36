import { join } from 'node:path';
import { runKeys } from '@bluewaters/records';
import { readScalars } from '@bluewaters/tensorflow';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { ALONE } from '../ranks.js';
import type { RunContext } from '../run-context.js';
import { train } from '../train.js';
import { BATCH, storeDataset, workplace } from '../workplace.fixture.js';
import { Summaries } from './summaries.js';

/** What is in the training curves of a folder: by tag, the value of each step. */
async function curvesIn(directory: string): Promise<Record<string, Record<number, number>>> {
  const curves = [...(await readScalars(join(directory, 'train')))];
  return Object.fromEntries(
    curves.map(([tag, points]) => [tag, Object.fromEntries(points.map(({ step, value }) => [step, value]))]),
  );
}

describe('the training curves of a run', { timeout: 120_000 }, () => {
  it('have every figure of a step under a tag of its own, and none that there is not', async () => {
    const directory = await temporaryDirectory();
    const summaries = new Summaries({ directory } as RunContext, new Uint8Array());
    const figures = { loss: 0.5, learningRate: 0.25, imagesPerSecond: 128 };
    const seconds = { input: 0.125, compute: 2, reduce: 0.75 };
    summaries.stepped({ step: 20, ...figures, seconds, staleness: undefined, dropped: undefined });
    summaries.stepped({ step: 40, ...figures, seconds: { ...seconds, input: 4 }, staleness: 1.5, dropped: 3 });
    summaries.checkpointed(40, 8);
    await summaries.close();
    expect(await curvesIn(directory)).toEqual({
      loss: { 20: 0.5, 40: 0.5 },
      learning_rate: { 20: 0.25, 40: 0.25 },
      images_per_second: { 20: 128, 40: 128 },
      'seconds/input': { 20: 0.125, 40: 4 },
      'seconds/compute': { 20: 2, 40: 2 },
      'seconds/reduce': { 20: 0.75, 40: 0.75 },
      'seconds/checkpoint': { 40: 8 },
      staleness: { 40: 1.5 },
      dropped: { 40: 3 },
    });
  });

  it('show slow pictures as waiting for input and a slow exchange as reducing, of parts that add up to a step', async () => {
    const place = await workplace();
    const { store, start, requestWith, ports } = place;
    const curvesOf = (run: string) => curvesIn(store.localPath(runKeys.checkpoints(run).slice(0, -1)) as string);
    const part = (curves: Awaited<ReturnType<typeof curvesOf>>, name: string) => curves[`seconds/${name}`]?.[6] ?? NaN;

    await start({ run: 'plain', epochs: 1 });
    const plain = await curvesOf('plain');
    const whole = part(plain, 'input') + part(plain, 'compute') + part(plain, 'reduce');
    expect(whole * (plain['images_per_second']?.[6] ?? NaN)).toBeCloseTo(BATCH, 3);
    expect(part(plain, 'compute')).toBeGreaterThan(0);
    expect(part(plain, 'reduce')).toBe(0);

    const large = { dataset: 'large', picture: { width: 1200, height: 1200 }, examples: { train: 96, validation: 3 } };
    await start({ run: 'pictures', epochs: 1, dataset: 'large', manifest: await storeDataset(store, large) });
    const pictures = await curvesOf('pictures');
    expect(part(pictures, 'input')).toBeGreaterThan(part(plain, 'input'));
    const share = (curves: typeof plain) => part(curves, 'input') / part(curves, 'compute');
    expect(share(pictures)).toBeGreaterThan(share(plain)); // decoding takes processors from computing, too
    expect(part(pictures, 'reduce')).toBe(0);

    let exchanged = 0;
    // It is looked at before and after each step.
    const ranks = Object.defineProperty({ ...ALONE }, 'exchanged', { get: () => (exchanged += 10) });
    await train(requestWith({ run: 'exchange', epochs: 1 }), { ...ports(), ranks });
    const exchange = await curvesOf('exchange');
    expect(part(exchange, 'reduce')).toBe(10);
    expect(part(exchange, 'input')).toBeLessThan(10);
  });
});
