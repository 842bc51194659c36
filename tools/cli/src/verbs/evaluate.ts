import type { EvaluateResult } from '@bluewaters/messages';
import { assertAccess } from '@bluewaters/registry';
import { z } from 'zod';
import { frameOptions, placeOptions, readPlace } from '../common-options.js';
import { findDataset } from '../digests.js';
import { findModel } from '../find-model.js';
import { evaluateOn } from '../line.js';
import { whoAsks } from '../person.js';
import { firstWord, formatCount, formatTable, percent } from '../terminal.js';
import { defineVerb } from '../verb.js';
import { withWorkplace } from '../workplace.js';

const options = z.strictObject({
  model: z.string().optional().describe('the name of the model, or NAME:VERSION; default: its newest version'),
  dataset: z.string().optional().describe('the name of the dataset; default: that of the model'),
  split: z.enum(['validation', 'testing', 'train']).default('validation').describe('the part of the dataset'),
  batch: z.int().positive().max(4096).default(100).describe('pictures at a time; the answer does not depend on it'),
  threads: z.int().positive().optional().describe("TensorFlow's threads; default: all cores"),
  ...placeOptions,
  ...frameOptions,
});

/** Rows of each table; all of them are in the JSON. */
const SHOWN = 15;

/** `bluewaters evaluate` */
export const evaluate = defineVerb({
  options,
  examples: [['$0 evaluate --model mnist', 'the newest version, on the held-out pictures of the dataset mnist']],
  run: (values, context) => {
    return withWorkplace(readPlace(values), async (workplace) => {
      const { model, version } = await findModel(workplace.store, values.model);
      const { split, batch, dataset = model } = values;
      await assertAccess(workplace.store, dataset, whoAsks());
      const { digest: manifest } = await findDataset(workplace.store, dataset);
      const request = { model, version, dataset, manifest, split, batch };
      const result = await evaluateOn({ ...context, workplace }, request);
      tables(result).forEach(context.print);
      return result;
    });
  },
});

function tables({ classes, confusions }: EvaluateResult): string[] {
  const words = new Map(classes.map((one) => [one.synset, firstWord(one.words)]));
  const worst = classes.filter(({ examples }) => examples > 0).sort((a, b) => a.recall - b.recall);
  const shown = worst.slice(0, SHOWN);
  return [
    '',
    ...formatTable(
      [worst.length > SHOWN ? `worst ${SHOWN} of ${worst.length} classes` : 'class', 'pictures', 'recall', 'precision'],
      shown.map((one) => [
        firstWord(one.words),
        formatCount(one.examples),
        percent(one.recall),
        one.precision === undefined ? '' : percent(one.precision),
      ]),
    ),
    ...(confusions.length === 0 ? [] : ['']),
    ...formatTable(
      ['truth', 'taken for', 'pictures'],
      confusions
        .slice(0, SHOWN)
        .map(({ truth, answer, examples }) => [words.get(truth) ?? '', words.get(answer) ?? '', formatCount(examples)]),
    ).slice(confusions.length === 0 ? 2 : 0),
  ];
}
