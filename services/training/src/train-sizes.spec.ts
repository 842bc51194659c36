import type { TrainRequest } from '@bluewaters/messages';
import { describe, expect, it } from 'vitest';
import { BATCH, weights, workplace } from './workplace.fixture.js';

/** 8 pixels, then 12; six steps each. */
const GROWING = {
  ...{ network: 'resnet-20', imageSize: 12, epochs: 2, learningRate: 0.02 },
  progressiveSizes: [{ imageSize: 8, untilEpoch: 1 }],
} satisfies Partial<TrainRequest>;

describe('training on pictures that grow', { timeout: 240_000 }, () => {
  it('goes on bit-equal wherever it was stopped, and evaluates at the last size', async () => {
    const [whole, within, between] = await Promise.all([workplace(), workplace(), workplace()]);
    const result = await whole.start(GROWING);
    expect(result.evaluation.examples).toBe(21);
    expect(whole.said.flatMap(({ notices = [] }) => notices)).toContain(
      'from epoch 2 on training pictures have 12 pixels',
    );
    for (const [place, step] of [
      [within, 8],
      [between, 6],
    ] as const) {
      await expect(place.start(GROWING, step * BATCH)).rejects.toMatchObject({ code: 'INTERRUPTED' });
      await place.start(GROWING);
      expect(await weights(place.store)).toBe(await weights(whole.store));
    }
  });

  it('is refused for a network that flattens its pictures, before anything is trained', async () => {
    const { start } = await workplace();
    await expect(start({ ...GROWING, network: 'lenet' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: { field: 'progressiveSizes' },
    });
  });
});
