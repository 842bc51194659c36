import { modelKeys } from '@bluewaters/records';
import { loadSavedModel, Tensor, type Output } from '@bluewaters/tensorflow';
import { syntheticJpeg } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { storeDataset, weights, workplace } from '../workplace.fixture.js';
import { evaluateModel } from './evaluate-model.js';

const SYNSETS = Array.from({ length: 8 }, (_, n) => `n0144076${n}`);
const EPOCHS = 2;

/** What the model makes of each picture of the dataset: all outputs, most probable first. */
async function rankings(directory: string): Promise<number[][]> {
  using model = await loadSavedModel(directory);
  const { inputs, outputs } = model.signatures['serving_default']!;
  const pictures = await Promise.all(SYNSETS.map((_, seed) => syntheticJpeg({ width: 30, height: 28, seed })));
  using jpegs = Tensor.of('string', [pictures.length], pictures);
  const feeds = [[inputs['image_bytes'] as Output, jpegs] as const];
  using probabilities = (
    await model.session.run({ feeds, fetches: [outputs['probabilities'] as Output] })
  )[0] as Tensor;
  const [rows, width] = [probabilities.numbers(), SYNSETS.length + 1];
  return SYNSETS.map((_, picture) => {
    const own = rows.slice(picture * width, (picture + 1) * width);
    return [...own.keys()].sort((a, b) => own[b]! - own[a]!);
  });
}

describe('top-1 and top-5 of more than five classes', { timeout: 120_000 }, () => {
  it('are the shares of examples whose label comes first and among the first five, with training and after it', async () => {
    const { start, store, directory } = await workplace();
    const manifest = await storeDataset(store, { dataset: 'eight', synsets: SYNSETS });
    await start({ run: 'first', dataset: 'eight', manifest, epochs: EPOCHS });
    const ranked = await rankings(store.localPath(modelKeys.prefix('m', 1).slice(0, -1)) as string);
    // First, fifth, sixth and last, or the one beside it where background, which nothing shows, has that place.
    const validationLabels = [[0], [4, 3], [5, 6], [8, 7]].flatMap((places) =>
      ranked.map((outputs) => places.map((place) => outputs[place]!).find((output) => output > 0)!),
    );
    const examples = { train: 90, validation: validationLabels.length };
    const other = {
      dataset: 'ranked',
      manifest: await storeDataset(store, { dataset: 'ranked', synsets: SYNSETS, examples, validationLabels }),
    };
    const { evaluation } = await start({ run: 'second', ...other, epochs: EPOCHS });
    expect(await weights(store, 2)).toBe(await weights(store, 1)); // of the same training pictures
    const expected = { examples: 32, top1: 8 / 32, top5: 16 / 32 };
    expect(evaluation).toMatchObject(expected);
    const served = await evaluateModel(
      { model: 'm', version: 2, ...other, split: 'validation', batch: 8 },
      { store, workDirectory: directory, threads: 2, report: () => undefined },
    );
    expect(served.evaluation).toMatchObject(expected);
  });
});
