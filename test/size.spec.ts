import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './support/cli.js';
import { useStoreWithDataset } from './support/dataset.js';
import { filesBelow } from './support/folders.js';
import { readPage, tableIn } from './support/pages.js';

const PAGE = 'docs/operations.md';

/** What the page says of something: the numbers in its words. */
function said(what: string): number[] {
  const row = tableIn(PAGE, 'what').find(([name = '']) => name.includes(what));
  return [...(row?.[1] ?? '').matchAll(/\d[\d,]*/gu)].map(([digits]) => Number(digits.replaceAll(',', '')));
}

/** How many copies of its parameters the page says that a checkpoint has by an optimiser: `2 with `momentum`, …`. */
function copiesOf(optimiser: string): number {
  const [sentence = ''] = /_Copies_[^.]+\./u.exec(readPage(PAGE)) ?? [];
  const [part] = sentence.split(/(?=\d with)/u).filter((each) => new RegExp(`[ \`]${optimiser}\``, 'u').test(each));
  return Number(part?.[0]);
}

describe('what the page says of sizes on disk', { timeout: 120_000 }, () => {
  const premises = useStoreWithDataset();

  const sizeOf = async (files: readonly string[]): Promise<number> =>
    (await Promise.all(files.map(async (file) => (await stat(join(premises.folder, file))).size))).reduce(
      (sum, size) => sum + size,
      0,
    );
  const namesIn = async (folder: string): Promise<string[]> =>
    (await filesBelow(join(premises.folder, folder))).map((name) => join(folder, name));

  /** Lines of the index, one for each picture. */
  async function pictures(): Promise<{ size: number }[]> {
    const files = await namesIn('indexes/d/synsets');
    const texts = await Promise.all(files.map((file) => readFile(join(premises.folder, file), 'utf8')));
    return texts.flatMap((text) => text.trimEnd().split('\n')).map((line) => JSON.parse(line) as { size: number });
  }

  it('holds for an index and its shards, within a tenth', async () => {
    const listed = await pictures();
    const [perLine = 0] = said('index');
    expectWithin(await sizeOf(await namesIn('indexes/d/synsets')), perLine * listed.length, 0.1);
    const [perRecord = 0] = said('shards');
    const bytes = listed.reduce((sum, { size }) => sum + size, 0);
    const shards = (await namesIn('datasets/d')).filter((name) => /-of-\d+(?:\.offsets)?$/u.test(name));
    expectWithin(await sizeOf(shards), bytes + perRecord * listed.length, 0.1);
  });

  describe.each([
    { network: 'lenet', optimiser: 'sgd', size: '28', averages: 0 },
    { network: 'lenet', optimiser: 'momentum', size: '28', averages: 0 },
    { network: 'lenet', optimiser: 'rms-prop', size: '28', averages: 1 },
    { network: 'resnet-20', optimiser: 'adam', size: '16', averages: 0 },
  ])('of $network by $optimiser', ({ network, optimiser, size, averages }) => {
    const run = `${network}-${optimiser}`;
    const net = ['--network', network, '--image-size', size];
    let counted: { parameters: number; statistics: number };

    beforeAll(async () => {
      counted = (await runCli(['networks', 'show', network, ...net.slice(2), '--outputs', '4', '--json'])).json();
      const how = [
        '--optimiser',
        optimiser,
        '--average-decay',
        averages === 1 ? '0.9' : '0',
        '--learning-rate',
        '0.001',
      ];
      const asked = ['--dataset', 'd', '--run', run, '--model', run, '--epochs', '1', '--batch', '8', '--threads', '1'];
      const ended = await runCli(['train', ...asked, ...net, ...how, ...premises.store]);
      expect(ended.code, ended.stderr).toBe(0);
    }, 120_000);

    it('holds for a checkpoint, within a hundredth', async () => {
      const folder = `runs/${run}/checkpoint_dir`;
      const [newest] = (await readdir(join(premises.folder, folder))).filter((name) => /ckpt-12\.data/u.test(name));
      const copies = copiesOf(optimiser) + averages;
      const expected = 4 * (copies * counted.parameters + counted.statistics);
      expectWithin(await sizeOf([`${folder}/${newest}`]), expected, 0.01);
    });

    it('holds for a model and for events', async () => {
      const [four = 0, , most = 0] = said('model');
      const least = four * (counted.parameters + counted.statistics);
      const model = await sizeOf(await namesIn(`models/${run}/1`));
      expect(model).toBeGreaterThan(least);
      expect(model).toBeLessThan(least + most);
      const [mostAnEpoch = 0] = said('events');
      const events = (await namesIn(`runs/${run}/checkpoint_dir`)).filter((name) => name.includes('tfevents'));
      expect(await sizeOf(events)).toBeLessThan(mostAnEpoch);
    });
  });
});

function expectWithin(size: number, expected: number, share: number): void {
  expect(expected).toBeGreaterThan(0);
  expect(Math.abs(size / expected - 1), `${size} bytes, ${expected} expected`).toBeLessThan(share);
}
