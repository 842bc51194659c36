import { join } from 'node:path';
import { Augmentation, type TrainRequest } from '@bluewaters/messages';
import { runKeys } from '@bluewaters/records';
import { readScalars } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { BATCH, checkpoint, exported, kept, weights, workplace } from './workplace.fixture.js';

// As every process that trains has it; CPUs have no other kernels for NCHW.
process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';

const norm = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

describe('training by a recipe', { timeout: 120_000 }, () => {
  it('goes on bit-equal with everything that a recipe can ask for at once', async () => {
    const [whole, stopped] = await Promise.all([workplace(), workplace()]);
    const recipe = {
      ...{ network: 'resnet-9', imageSize: 16, epochs: 4, optimiser: 'adam-w', learningRate: 0.002, schedule: 'steps' },
      ...{ warmUpEpochs: 0.5, decayEpochs: [1, 2], augmentation: Augmentation.options, mixUp: 0.3, cutMix: 1 },
      ...{ labelSmoothing: 0.1, offsetRate: 8, gradientClip: 1, averageDecay: 0.9, microBatches: 2 },
    } satisfies Partial<TrainRequest>;
    await whole.start(recipe);
    await expect(stopped.start(recipe, 20 * BATCH)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await stopped.start(recipe);
    expect(stopped.said.flatMap(({ notices = [] }) => notices)).toContain('going on from the checkpoint of step 20');
    expect(await weights(stopped.store)).toBe(await weights(whole.store));
    expect(await checkpoint(stopped, 24)).toBe(await checkpoint(whole, 24));
  });

  it('exports the averages of the weights where a recipe keeps them', async () => {
    const [plain, averaged] = await Promise.all([workplace(), workplace()]);
    await plain.start({ epochs: 1 });
    await averaged.start({ epochs: 1, averageDecay: 0.9 });
    const own = await kept(averaged, 'conv1/weights');
    expect(await kept(averaged, 'conv1/weights/ExponentialMovingAverage')).not.toEqual(own);
    expect(await kept(plain, 'conv1/weights')).toEqual(own); // they follow without changing the training
    expect(await exported(averaged, 'conv1/weights')).toEqual(
      await kept(averaged, 'conv1/weights/ExponentialMovingAverage'),
    );
    expect(await exported(plain, 'conv1/weights')).toEqual(own);
  });

  it.each(['bfloat16', 'float16'] as const)('computes in %s and keeps its weights in float32', async (precision) => {
    const [plain, mixed] = await Promise.all([workplace(), workplace()]);
    await plain.start({ epochs: 1 });
    await mixed.start({ epochs: 1, precision });
    const [expected, found] = [await kept(plain, 'fc1/weights'), await kept(mixed, 'fc1/weights')];
    const apart = norm(found.map((value, i) => value - (expected[i] ?? NaN))) / norm(expected);
    expect(apart).toBeGreaterThan(0);
    expect(apart).toBeLessThan(0.05);
  });

  it('has the losses and the weights of NHWC where it computes in NCHW', async () => {
    const [last, first] = await Promise.all([workplace(), workplace()]);
    const lossesOf = async ({ directory }: typeof last): Promise<number[]> => {
      const checkpoints = join(directory, 'store', runKeys.checkpoints('r'));
      const curves = await Promise.all(['train', 'validation'].map((part) => readScalars(join(checkpoints, part))));
      return curves.flatMap((curve) => (curve.get('loss') ?? []).map(({ value }) => value));
    };
    await last.start({ epochs: 2 });
    await first.start({ epochs: 2, dataFormat: 'NCHW' });
    const expected = await lossesOf(last);
    expect(expected.length).toBeGreaterThan(2);
    expect(await lossesOf(first)).toEqual(expected.map((loss) => expect.closeTo(loss, 4) as number));
    for (const name of ['conv1/weights', 'fc1/weights']) {
      const [plain, found] = [await kept(last, name, 12), await kept(first, name, 12)];
      expect(norm(found.map((value, i) => value - (plain[i] ?? NaN))) / norm(plain), name).toBeLessThan(1e-4);
    }
  });

  it('learns the same from micro-batches as from whole ones, without batch normalisation', async () => {
    const [whole, parts] = await Promise.all([workplace(), workplace()]);
    await whole.start({ epochs: 1, gradientClip: 5 });
    await parts.start({ epochs: 1, gradientClip: 5, microBatches: 4 });
    const expected = (await kept(whole, 'fc1/weights')).map((value) => expect.closeTo(value, 5) as number);
    expect(await kept(parts, 'fc1/weights')).toEqual(expected);
    await expect(parts.start({ run: 'uneven', microBatches: 3 })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: { field: 'batch', expected: 'a multiple of 3' },
    });
  });
});
