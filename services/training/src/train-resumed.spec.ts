import type { TrainRequest } from '@bluewaters/messages';
import { runKeys } from '@bluewaters/records';
import { listCheckpoint } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { checkpoint, workplace } from './workplace.fixture.js';

/** Six steps on small pictures. */
const SHORT = { epochs: 1, imageSize: 12 } satisfies Partial<TrainRequest>;

describe('a run that was stopped within an epoch', { timeout: 120_000 }, () => {
  it.each<[what: string, recipe: Partial<TrainRequest>, holds: readonly string[]]>([
    ['Nesterov', { optimiser: 'nesterov' }, ['fc1/weights/Momentum']],
    ['RMSProp', { optimiser: 'rms-prop', learningRate: 0.001 }, ['fc1/weights/RMSProp', 'fc1/weights/RMSProp_1']],
    ['LARS', { optimiser: 'lars', learningRate: 1 }, ['fc1/weights/Momentum']],
    ['Adam', { optimiser: 'adam', learningRate: 0.001 }, ['fc1/weights/Adam', 'fc1/weights/Adam_1', 'beta1_power']],
    ['a network that drops out', { network: 'googlenet', optimiser: 'sgd', imageSize: 32 }, ['auxiliary4a/fc/weights']],
    ['float16 and its scale of the loss', { precision: 'float16' }, ['loss_scale', 'good_steps']],
  ])('goes on bit-equal in all that its checkpoint holds, with %s', async (_, recipe, holds) => {
    const [whole, stopped] = await Promise.all([workplace(), workplace()]);
    const request = { ...SHORT, ...recipe };
    await whole.start(request);
    await expect(stopped.startAndStop(3, request)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await stopped.start(request);
    expect(stopped.said.flatMap(({ notices = [] }) => notices)).toContain('going on from the checkpoint of step 3');
    expect(await checkpoint(stopped)).toBe(await checkpoint(whole));
    const path = stopped.store.localPath(`${runKeys.checkpoints('r')}model.ckpt-6`) as string;
    expect((await listCheckpoint(path)).map(({ name }) => name)).toEqual(expect.arrayContaining([...holds]));
  });
});
