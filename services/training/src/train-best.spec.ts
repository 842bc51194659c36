import { rm } from 'node:fs/promises';
import { isCodedError } from '@bluewaters/errors';
import { Runs, type EvaluatedStep, type TrainRequest } from '@bluewaters/messages';
import { runKeys } from '@bluewaters/records';
import { readCheckpointState } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { storedRunEntry } from './run-entry.js';
import { WatchedStore } from './watched-store.fixture.js';
import { exported, kept, weights, workplace } from './workplace.fixture.js';

/** All are right after an epoch or two, and so none is better than that. */
const SLOW = {
  ...{ learningRate: 0.0005, schedule: 'constant', warmUpEpochs: 1, epochs: 4, keepCheckpoints: 1 },
} satisfies Partial<TrainRequest>;

describe('the best epoch of a run', { timeout: 120_000 }, () => {
  it('is kept beside the newest checkpoints, and becomes the model where that is asked for', async () => {
    const place = await workplace();
    const last = await place.start(SLOW);
    expect(last).toMatchObject({ version: 1, epochs: 4, exported: 'last', best: { evaluation: { top1: 1 } } });
    const { step = NaN, epoch = NaN } = last.best ?? {};
    expect(step).toBeLessThanOrEqual(12);
    const directory = place.store.localPath(runKeys.checkpoints('r').slice(0, -1)) as string;
    const names = [`model.ckpt-${step}`, 'model.ckpt-24'];
    expect(await readCheckpointState(directory)).toEqual({ latest: 'model.ckpt-24', all: names });
    const best = await place.start({ ...SLOW, export: 'best' });
    expect(best).toMatchObject({ version: 2, steps: 24, exported: 'best' });
    expect(best.evaluation).toEqual(last.best?.evaluation);
    expect(best.evaluation).not.toEqual(last.evaluation); // accuracies are equal, losses are not
    expect(await exported(place, 'conv1/weights', 1)).toEqual(await kept(place, 'conv1/weights', 24));
    expect(await exported(place, 'conv1/weights', 2)).toEqual(await kept(place, 'conv1/weights', step));
    const page = Buffer.from(await place.store.get(runKeys.report('r'))).toString('utf8');
    expect(page).toContain(`<b>100.0 %</b><span>best, after epoch ${epoch} of 4</span>`);
    expect(page).toContain(`of step ${step}, the best`);
    expect((await (await place.bus.state(Runs)).get('r'))?.value).toMatchObject({ best: { epoch } });
    expect(place.said.map(({ figures }) => figures)).toContainEqual({ 'top-1': 1, best: 1 });
  });

  it('cannot become the model when its checkpoint is lost, and the last still can', async () => {
    const { start, store } = await workplace();
    const { best } = await start(SLOW);
    const entry = store.localPath(`${runKeys.checkpoints('r')}model.ckpt-${best?.step}.json`) as string;
    await rm(entry);
    await expect(start({ ...SLOW, export: 'best' })).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
      details: { file: entry },
    });
    expect(await start(SLOW)).toMatchObject({ version: 1, exported: 'last' });
  });

  it('ends the run when no better one comes for as long as asked, and more patience lets it go on', async () => {
    const [patient, whole] = await Promise.all([workplace(), workplace()]);
    const stopped = await patient.start({ ...SLOW, earlyStop: 1 });
    const epoch = stopped.best?.epoch ?? NaN;
    expect(stopped).toMatchObject({ epochs: epoch + 1, stoppedEarly: true });
    expect(patient.said.flatMap(({ notices = [] }) => notices)).toContain(
      `the run ends after epoch ${epoch + 1}: the best was epoch ${epoch}`,
    );
    expect(await patient.start({ ...SLOW, earlyStop: 1 })).toMatchObject({ version: 1, epochs: epoch + 1 });
    expect(await patient.start({ ...SLOW, earlyStop: 9 })).toMatchObject({
      version: 2,
      epochs: 4,
      stoppedEarly: false,
    });
    await whole.start(SLOW);
    expect(await weights(patient.store, 2)).toBe(await weights(whole.store));
  });

  it('is looked for each so many epochs, and at the end, without another weight than by looking each time', async () => {
    const [often, seldom] = await Promise.all([workplace(), workplace()]);
    const each = await often.start({ ...SLOW, epochs: 3 });
    const second = await seldom.start({ ...SLOW, epochs: 3, evaluateEvery: 2 });
    const evaluations = async ({ store }: typeof often): Promise<readonly EvaluatedStep[]> =>
      (await storedRunEntry(store, 'r'))?.evaluations ?? [];
    const all = await evaluations(often);
    expect(all.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(await evaluations(seldom)).toEqual(all.slice(1));
    expect(second.evaluation).toEqual(each.evaluation);
    expect(await weights(seldom.store)).toBe(await weights(often.store));
  });

  it('is found again, and the patience that is left, wherever the run was killed', async () => {
    const request = { ...SLOW, earlyStop: 1, export: 'best' } satisfies Partial<TrainRequest>;
    const [whole, store] = [await workplace(new WatchedStore('r')), new WatchedStore('r')];
    const killed = await workplace(store);
    const expected = await whole.start(request);
    let kills = 0;
    for (let changes = 12; ; changes += 6) {
      store.changesLeft = changes;
      const ended = await killed.start(request).catch((error: unknown) => {
        if (!isCodedError(error, 'STORE_REFUSED')) throw error;
      });
      if (ended) {
        const { imagesPerSecond: _, ...result } = ended;
        expect(expected).toMatchObject(result);
        break;
      }
      kills += 1;
    }
    expect(kills).toBeGreaterThan(2);
    expect(await weights(store)).toBe(await weights(whole.store));
    expect(store.faults).toEqual([]);
  });
});
