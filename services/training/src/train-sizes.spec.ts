import type { TrainRequest } from '@bluewaters/messages';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkpoint, weights, workplace } from './workplace.fixture.js';

/** 8 pixels, then 12; six steps each. */
const GROWING = {
  ...{ network: 'resnet-20', imageSize: 12, epochs: 2, learningRate: 0.02, keepCheckpoints: 4 },
  progressiveSizes: [{ imageSize: 8, untilEpoch: 1 }],
} satisfies Partial<TrainRequest>;

describe('training on pictures that grow', { timeout: 240_000 }, () => {
  let whole: Awaited<ReturnType<typeof workplace>>;
  beforeAll(async () => {
    whole = await workplace();
    expect((await whole.start(GROWING)).evaluation.examples).toBe(21);
  });

  it('computes as long as they are small what it would compute of small ones for ever, and then no longer', async () => {
    const small = await workplace();
    await small.start({ ...GROWING, imageSize: 8, progressiveSizes: [] });
    expect(await checkpoint(whole, 6)).toBe(await checkpoint(small, 6));
    expect(await checkpoint(whole, 12)).not.toBe(await checkpoint(small, 12));
    expect(whole.said.flatMap(({ notices = [] }) => notices)).toContain(
      'from epoch 2 on training pictures have 12 pixels',
    );
  });

  it.each([
    ['among the small ones, and again among the large ones', [3, 5]],
    ['between two sizes', [6]],
  ])('goes on bit-equal, stopped %s', async (_, stops) => {
    const stopped = await workplace();
    let step = 0;
    for (const steps of stops) {
      step += steps;
      await expect(stopped.startAndStop(steps, GROWING)).rejects.toMatchObject({
        code: 'INTERRUPTED',
        message: expect.stringMatching(new RegExp(`step ${step}$`, 'u')) as string,
      });
    }
    await stopped.start(GROWING);
    expect(await checkpoint(stopped, 12)).toBe(await checkpoint(whole, 12));
    expect(await weights(stopped.store)).toBe(await weights(whole.store));
  });

  it('is refused for a network that flattens its pictures, before anything is trained', async () => {
    const { start } = await workplace();
    await expect(start({ ...GROWING, network: 'lenet' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: { field: 'progressiveSizes' },
    });
  });
});
