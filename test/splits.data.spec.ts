import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { makeTar, temporaryDirectory } from '@bluewaters/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli, type Ended } from './support/cli.js';
import { digestFolder } from './support/folders.js';

/** A folder with real pictures; without it these tests are skipped. */
const data = process.env['BLUEWATERS_DATA'];

/** In the order of ILSVRC's labels: tench, English springer, cassette player. */
const SYNSETS = ['n01440764', 'n02102040', 'n02979186'] as const;
/** What the numbers of the ground truth mean: not the order of the labels, as in ILSVRC's development kit. */
const ORDER = [SYNSETS[2], SYNSETS[0], SYNSETS[1]] as const;
const [TRAINED, HELD_OUT] = [30, 10];

interface Reported {
  readonly splits: readonly { readonly split: string; readonly images: number }[];
  readonly shared: readonly Record<string, readonly string[]>[];
}

describe.skipIf(!data)('a dataset of real pictures in two archives', { timeout: 240_000 }, () => {
  let folder: string;
  let store: string[];

  const run = async (...args: string[]): Promise<Ended> => {
    const ended = await runCli([...args, ...store, '--json']);
    expect(ended.code, ended.stderr).toBe(0);
    return ended;
  };
  const ingest = {
    train: () => run('ingest', '--dataset', 'd', '--images', join(folder, 'train.tar')),
    validation: () =>
      run(
        ...['ingest', '--dataset', 'd', '--split', 'validation', '--images', join(folder, 'ILSVRC2012_img_val.tar')],
        ...['--ground-truth', join(folder, 'truth.txt'), '--ground-truth-order', join(folder, 'order.txt')],
      ),
  };

  beforeAll(async () => {
    folder = await temporaryDirectory();
    store = ['--store', join(folder, 'store')];
    await mkdir(join(folder, 'all'));
    const inner = SYNSETS.map((synset) => `${synset}.tar`);
    execFileSync('tar', ['-xf', join(data!, 'imagenette224/Images.tar'), '-C', join(folder, 'all'), ...inner]);
    const tars = [];
    const heldOut: { synset: string; bytes: Buffer }[] = [];
    for (const synset of SYNSETS) {
      const own = join(folder, synset);
      await mkdir(own);
      execFileSync('tar', ['-xf', join(folder, 'all', `${synset}.tar`), '-C', own]);
      const names = (await readdir(own)).sort().slice(0, TRAINED + HELD_OUT);
      const pictures = await Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(own, name)) })));
      tars.push({ name: `${synset}.tar`, bytes: makeTar(pictures.slice(0, TRAINED)) });
      // From one before: a picture of each synset is in both archives.
      heldOut.push(...pictures.slice(TRAINED - 1).map(({ bytes }) => ({ synset, bytes })));
    }
    await writeFile(join(folder, 'train.tar'), makeTar(tars));
    // As in ILSVRC's, neighbours are of different synsets.
    const mixed = heldOut.map((_, i) => heldOut[(i * 10) % heldOut.length]!);
    const members = mixed.map(({ bytes }, i) => {
      return { name: `ILSVRC2012_val_${String(i + 1).padStart(8, '0')}.JPEG`, bytes };
    });
    await writeFile(join(folder, 'ILSVRC2012_img_val.tar'), makeTar(members));
    const numbers = mixed.map(({ synset }) => ORDER.findIndex((each) => each === synset) + 1);
    await writeFile(join(folder, 'truth.txt'), `${numbers.join('\n')}\n`);
    await writeFile(join(folder, 'order.txt'), ORDER.map((synset, n) => `${n + 1} ${synset}\n`).join(''));
  });

  it('has one label map, names what both archives have, and gets the shards of each from its own', async () => {
    await ingest.train();
    expect((await ingest.validation()).json()).toMatchObject({
      ...{ dataset: 'd', split: 'validation', images: 33, accepted: 33, synsets: 3 },
    });
    const read = async (name: string): Promise<string> => readFile(join(folder, 'store/indexes/d', name), 'utf8');
    expect(await read('synsets.txt')).toBe(SYNSETS.map((synset) => `${synset}\n`).join(''));
    const report = JSON.parse(await read('report.json')) as Reported;
    expect(report.splits).toMatchObject([{ split: 'validation', images: 33 }]);
    expect(report.shared.map(({ train = [], validation = [] }) => [train.length, validation.length])).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    const [first] = report.shared;
    expect(first?.['train']).toEqual([expect.stringMatching(/^n01440764\/n01440764_\d+\.JPEG$/u)]);
    expect(first?.['validation']).toEqual([expect.stringMatching(/^n01440764\/ILSVRC2012_val_\d{8}\.JPEG$/u)]);

    const built = await run('shards', 'build', '--dataset', 'd', '--train-shards', '2');
    expect(built.json()).toMatchObject({ splits: { train: { examples: 90 }, validation: { examples: 33 } } });
    expect(built.stderr).toContain('3 held-out pictures are in another split');
    expect((await run('shards', 'verify', '--dataset', 'd')).json()).toMatchObject({ examples: 123 });

    const before = await digestFolder(join(folder, 'store'));
    await ingest.validation();
    await ingest.train();
    await run('shards', 'build', '--dataset', 'd', '--train-shards', '2');
    expect(await digestFolder(join(folder, 'store'))).toEqual(before);
  });

  it('refuses a split of a dataset that is not said', async () => {
    const ended = await runCli(['ingest', '--split', 'validation', '--images', join(folder, 'train.tar'), ...store]);
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining('--dataset')]);
  });
});
