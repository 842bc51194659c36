import type { EvaluateResult } from '@bluewaters/messages';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './support/cli.js';
import { useStoreWithDataset } from './support/dataset.js';
import { cellsOf } from './support/printed.js';

/** So low that the network answers as it did before its first step: wrong, most of the time. */
const UNTAUGHT = ['--network', 'lenet', '--epochs', '1', '--batch', '48', '--learning-rate', '1e-9'];

describe('bluewaters evaluate', { timeout: 120_000 }, () => {
  const premises = useStoreWithDataset();

  beforeAll(async () => {
    const ended = await runCli(['train', '--dataset', 'd', ...UNTAUGHT, ...premises.store]);
    expect(ended.code, ended.stderr).toBe(0);
  }, 60_000);

  it('prints how each class was found, the worst first, and what was taken for what', async () => {
    const evaluate = ['evaluate', '--model', 'd', '--split', 'train', ...premises.store];
    const [printed, ended] = await Promise.all([runCli(evaluate), runCli([...evaluate, '--json'])]);
    const { classes, confusions } = ended.json<EvaluateResult>();
    expect(confusions).not.toEqual([]);
    const worstFirst = [...classes].sort((one, other) => one.recall - other.recall);
    const share = (value: number | undefined): string[] =>
      value === undefined ? [] : [`${(100 * value).toFixed(1)} %`];
    const wordsOf = (synset: string): string => classes.find((one) => one.synset === synset)?.words ?? '';
    expect(printed.stdout.split('\n').map(cellsOf)).toEqual([
      [''],
      ['class', 'pictures', 'recall', 'precision'],
      expect.anything(),
      ...worstFirst.map(({ words, recall, precision }) => [words, '32', ...share(recall), ...share(precision)]),
      [''],
      ['truth', 'taken for', 'pictures'],
      expect.anything(),
      ...confusions.map(({ truth, answer, examples }) =>
        [wordsOf(truth), wordsOf(answer), String(examples)].filter(Boolean),
      ),
      [''],
    ]);
  });
});
