import { readFile } from 'node:fs/promises';
import type { TrainRequest } from '@bluewaters/messages';
import { datasetKeys, modelKeys, parseProvenance, runKeys } from '@bluewaters/records';
import { escapeHtml } from '@bluewaters/service';
import { readScalars, tensorflowVersion, type ScalarPoint } from '@bluewaters/tensorflow';
import { syntheticJpeg } from '@bluewaters/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { codeDigest } from '../code-version.js';
import type { RunEntry } from '../run-entry.js';
import { sha256, storeDataset, SYNSETS, workplace } from '../workplace.fixture.js';
import { lineChart } from './line-chart.js';

/** Rates that float32 has exactly. */
const RATES = [2 ** -7, 2 ** -7, 2 ** -8];
const RECIPE = {
  ...{ epochs: 3, learningRate: 2 ** -7, warmUpEpochs: 0, schedule: 'steps', decayEpochs: [2], decayFactor: 0.5 },
} satisfies Partial<TrainRequest>;
/** Of the validation split: picture n shows class n % 3, 0 to 2, and some are said to be of the next class. */
const MISLABELLED = [2, 4, 9, 11];

describe('the report of a run', { timeout: 120_000 }, () => {
  let place: Awaited<ReturnType<typeof workplace>>;
  let page: string;
  let train: ReadonlyMap<string, readonly ScalarPoint[]>;
  let request: TrainRequest;

  beforeAll(async () => {
    place = await workplace();
    const { store, requestWith, start } = place;
    const validationLabels = Array.from({ length: 21 }, (_, n) => ((n + Number(MISLABELLED.includes(n))) % 3) + 1);
    request = requestWith({ ...RECIPE, manifest: await storeDataset(store, { validationLabels }) });
    await start(request);
    page = Buffer.from(await store.get(runKeys.report('r'))).toString('utf8');
    train = await readScalars(store.localPath(`${runKeys.checkpoints('r')}train`) as string);
  }, 120_000);

  const values = (tag: string) => (train.get(tag) ?? []).map(({ value }) => value);
  /** A curve with a value after each epoch of six steps, as event files keep it. */
  const curve = (name: string, ys: readonly number[]) => ({
    name,
    points: ys.map((y, epoch) => ({ x: 6 * (epoch + 1), y: Math.fround(y) })),
  });
  const row = (name: string, value: string): string => `<tr><th scope="row">${name}</th><td>${value}</td></tr>`;
  /** What a row says. */
  const said = (name: string): string | undefined => new RegExp(row(name, '([^<]*)'), 'u').exec(page)?.[1];
  const product = async (): Promise<string> => {
    const text = await readFile(new URL('../../../../package.json', import.meta.url), 'utf8');
    return (JSON.parse(text) as { version: string }).version;
  };

  it('says which data, which code and which TensorFlow it comes from', async () => {
    expect(said('manifest, sha256')).toBe(sha256(await place.store.get(datasetKeys.manifest('d'))));
    expect(said('Blue Waters ML')).toBe(await product());
    expect(said('code, sha256')).toMatch(/^[0-9a-f]{64}$/u);
    expect(said('code, sha256')).toBe(await codeDigest());
    expect(said('TensorFlow')).toBe(tensorflowVersion());
  });

  it('has its code also in the provenance of the model', async () => {
    const file = modelKeys.provenance('m', 1);
    const { code, step } = parseProvenance(await place.store.get(file), { file });
    expect([code, step]).toEqual([{ version: await product(), digest: await codeDigest() }, 18]);
  });

  it('says with which options it was made', () => {
    const options = Object.entries(request).map(([name, value]) =>
      row(name, escapeHtml(typeof value === 'object' ? JSON.stringify(value) : String(value))),
    );
    expect(options).toContain(row('learningRate', '0.0078125'));
    for (const option of options) expect(page).toContain(option);
  });

  it('shows how fast the run was, and what its steps took their time for', () => {
    const [, rate = NaN] = values('images_per_second').sort((a, b) => a - b);
    expect(rate).toBeGreaterThan(0);
    const shown = Math.round(rate).toLocaleString('en-US');
    expect(page).toContain(`<b>${shown}</b><span>images/s in training, median</span>`);
    for (const part of ['input', 'compute', 'reduce']) {
      const mean = values(`seconds/${part}`).reduce((sum, value) => sum + value, 0) / 3;
      expect(page).toMatch(new RegExp(`>${part} <.*?<td>${(1000 * mean).toFixed(2)} ms</td>`, 'u'));
    }
  });

  it('shows the curves of loss, accuracy, learning rate and images a second, with a point for each epoch', async () => {
    const entry = JSON.parse(Buffer.from(await place.store.get(runKeys.entry('r'))).toString()) as RunEntry;
    const found = (figure: 'loss' | 'top1' | 'top5') => entry.evaluations.map(({ evaluation }) => evaluation[figure]);
    expect([found('loss'), values('loss'), values('images_per_second')].map(({ length }) => length)).toEqual([3, 3, 3]);
    const charts = {
      Loss: [curve('training', values('loss')), curve('validation', found('loss'))],
      'Accuracy on validation': [curve('top 1', found('top1')), curve('top 5', found('top5'))],
      'Learning rate': [curve('rate', RATES)],
      'Images a second': [curve('rate', values('images_per_second'))],
    };
    for (const [title, curves] of Object.entries(charts)) expect(page).toContain(lineChart(title, curves));
  });

  it('shows exactly the pictures that it was wrong about, the surest first, with what they are and were taken for', async () => {
    const figures = page.matchAll(
      /<img alt="([^"]*)" [^>]*src="data:image\/jpeg;base64,([^"]*)"><figcaption><b>([^<]*)<\/b>, taken for ([^<(]*) \(loss ([\d.]+)\)/gu,
    );
    const shown = [...figures].map(([, filename, jpeg, truth, answer, loss]) => ({
      filename,
      jpeg,
      truth,
      answer,
      loss,
    }));
    const pictures = await Promise.all(SYNSETS.map((_, seed) => syntheticJpeg({ width: 30, height: 28, seed })));
    const expected = MISLABELLED.map((n) => {
      const [truth, answer] = [SYNSETS[(n + 1) % 3], SYNSETS[n % 3]];
      return { filename: `${truth}_${n}.JPEG`, jpeg: pictures[n % 3]?.toString('base64'), truth, answer };
    });
    expect(shown.map(({ loss: _, ...mistake }) => mistake)).toEqual(expect.arrayContaining(expected));
    expect(shown).toHaveLength(expected.length);
    const losses = shown.map(({ loss }) => Number(loss));
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
  });
});
