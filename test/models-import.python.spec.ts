import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { syntheticJpeg, temporaryDirectory } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, type Ended } from './support/cli.js';
import { ROOT } from './support/pages.js';

const python = process.env['BLUEWATERS_PYTHON'];
const PROGRAM = join(ROOT, 'libs/models/python/published_weights.py');
const SIZE = 64;
const SYNSETS = Array.from({ length: 12 }, (_, n) => `n010000${String(n + 10)}`);
const LAST = 'n01000021';

interface Classified {
  readonly classified: readonly { readonly predictions: readonly { synset: string; probability: number }[] }[];
}

describe.skipIf(!python)('bluewaters models import', { timeout: 180_000 }, () => {
  let folder: string;
  let pictures: string[];
  /** Keras's probabilities, by picture and class. */
  let theirs: number[][];
  const cli = (...args: string[]): Promise<Ended> => runCli([...args, '--store', join(folder, 'store'), '--json']);
  const importFile = (...args: string[]): Promise<Ended> =>
    cli('models', 'import', join(folder, 'resnet.h5'), ...args, '--synsets', join(folder, 'synsets.txt'));
  const importResnet = (): Promise<Ended> =>
    importFile('--network', 'resnet-50-v1', '--model', 'resnet', '--image-size', String(SIZE));

  beforeAll(async () => {
    folder = await temporaryDirectory();
    await writeFile(join(folder, 'synsets.txt'), SYNSETS.join('\n'));
    pictures = await Promise.all(
      [1, 2].map(async (seed) => {
        const file = join(folder, `${seed}.jpeg`);
        await writeFile(file, await syntheticJpeg({ width: 150, height: 110, seed }));
        return file;
      }),
    );
    const file = join(folder, 'resnet.h5');
    const one = { network: 'resnet-50-v1', file, size: SIZE, classes: SYNSETS.length, calm: true };
    const { stdout } = await promisify(execFile)(python!, ['-B', PROGRAM, JSON.stringify({ cases: [one], pictures })], {
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '' },
    });
    const [logits] = JSON.parse(stdout.trim().split('\n').at(-1)!) as [number[][]];
    theirs = logits.map(softmax);
  }, 180_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('leaves nothing behind where file and network do not fit, and says what does not', async () => {
    const { code, json } = await importFile('--network', 'vgg-16');
    expect(code).toBe(1);
    const { error } = json<{ error: { code: string; details: { got: string } } }>();
    expect(error).toMatchObject({ code: 'WEIGHTS_INVALID', details: { file: join(folder, 'resnet.h5') } });
    expect(error.details.got).toMatch(
      /nothing for conv1_1.weights \(from block1_conv1.kernel\).*no variable for conv1/u,
    );
    expect((await cli('models', 'ls')).json()).toEqual({ models: [] });
  });

  it('registers weights of Keras with their preprocessing, once however often it is asked', async () => {
    const ended = await importResnet();
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.json()).toMatchObject({
      model: 'resnet',
      version: 1,
      classes: 12,
      imported: 267,
      labelsShifted: true,
    });
    expect((await importResnet()).json()).toEqual(ended.json());
    expect((await cli('models', 'ls')).json()).toMatchObject({
      models: [{ model: 'resnet', version: 1, imported: { file: 'resnet.h5' } }],
    });
    const version = join(folder, 'store/models/resnet/1');
    expect(await readdir(version)).toContain('provenance.json');
    expect(JSON.parse(await readFile(join(version, 'signature.json'), 'utf8'))).toMatchObject({
      ...{ imageSize: SIZE, crop: 'squeeze', colourOrder: 'BGR', outputs: 13, background: 0, labelsShifted: true },
      std: [1 / 255, 1 / 255, 1 / 255],
    });
  });

  it('makes a model that gives the probabilities of Keras, the last class first, over HTTP', async () => {
    const ended = await cli('classify', ...pictures, '--model', 'resnet', '--top', '12');
    expect(ended.code, ended.stderr).toBe(0);
    const { classified } = ended.json<Classified>();
    const differences = classified.flatMap(({ predictions }, picture) =>
      predictions.map(({ synset, probability }) => Math.abs(probability - theirs[picture]![SYNSETS.indexOf(synset)]!)),
    );
    expect(differences).toHaveLength(24);
    expect(Math.max(...differences)).toBeLessThan(1e-5);
    expect(classified.map(({ predictions }) => predictions[0]?.synset)).toEqual([LAST, LAST]);
  });
});

function softmax(logits: readonly number[]): number[] {
  const exponentials = logits.map(Math.exp);
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}
