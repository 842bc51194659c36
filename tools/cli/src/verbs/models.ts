import { resolve } from 'node:path';
import { CodedError } from '@bluewaters/errors';
import { listVersions, readVersion, type RegisteredVersion } from '@bluewaters/registry';
import type { ObjectStore } from '@bluewaters/storage';
import { z } from 'zod';
import { frameOptions, placeOptions, readPlace } from '../common-options.js';
import { ingestOptions, shardsOptions } from '../line-options.js';
import { asSource, importModel } from '../line.js';
import { formatCount, formatTable, percent } from '../terminal.js';
import { defineVerb } from '../verb.js';
import { withWorkplace } from '../workplace.js';

const importOptions = z.strictObject({
  network: z.string().optional().describe('the network that the weights are of, such as vgg-16'),
  model: z.string().optional().describe('the name under which the model is served; default: NETWORK'),
  synsets: ingestOptions.synsets.describe('a file with a synset id on each line, in the order of the outputs'),
  words: ingestOptions.words,
  imageSize: z.int().positive().optional().describe("side of the square in pixels; default: the network's"),
  crop: z
    .enum(['squeeze', 'central'])
    .optional()
    .describe('how a picture becomes a square; default: as is usual for these weights'),
  newLayers: z.array(z.string()).default([]).describe('layers that start anew, such as logits'),
  seed: shardsOptions.seed,
  ...placeOptions,
  ...frameOptions,
});
const listOptions = z.strictObject({ ...placeOptions, ...frameOptions });

/** `bluewaters models import` */
export const modelsImport = defineVerb({
  options: importOptions,
  examples: [
    [
      '$0 models import vgg16_weights_tf_dim_ordering_tf_kernels.h5 --network vgg-16 --synsets synsets.txt',
      'as Keras publishes them',
    ],
    ['$0 models import inception_v3.ckpt --network inception-v3 --synsets synsets.txt', 'as TF-slim does'],
  ],
  run: (values, { words, ...context }) => {
    const [file, ...others] = words;
    if (file === undefined || others.length > 0) throw missing('one file of weights: bluewaters models import FILE');
    const { network, synsets } = values;
    if (network === undefined) throw missing('which network they are of: --network NAME');
    if (synsets === undefined) throw missing('what the outputs stand for: --synsets FILE');
    return withWorkplace(readPlace(values), async (workplace) => {
      const line = { ...context, workplace };
      const model = values.model ?? network;
      const { imageSize, crop, newLayers, seed } = values;
      return importModel(line, {
        ...{ file: resolve(file), network, model, newLayers, seed },
        synsets: await asSource(line, synsets, model),
        ...(values.words !== undefined && { words: await asSource(line, values.words, model) }),
        ...(imageSize !== undefined && { imageSize }),
        ...(crop !== undefined && { crop }),
      });
    });
  },
});

function missing(what: string): CodedError {
  return new CodedError('CONFIG_INVALID', `Say ${what}`);
}

/** `bluewaters models ls` */
export const modelsList = defineVerb({
  options: listOptions,
  examples: [['$0 models ls', 'what can be served, and trained from']],
  run: (values, { print }) =>
    withWorkplace(readPlace(values), async ({ store }) => {
      const models = await readModels(store);
      if (models.length === 0) print(`no model in ${store.description} yet`);
      else formatTable(['model', 'version', 'classes', 'picture', 'from', 'top-1'], models.map(row)).forEach(print);
      return { models: models.map(({ entry }) => entry) };
    }),
});

async function readModels(store: ObjectStore): Promise<RegisteredVersion[]> {
  const models: RegisteredVersion[] = [];
  for (const [model, versions] of [...(await listVersions(store))].sort()) {
    for (const version of versions.reverse()) models.push(await readVersion(store, { model, version }));
  }
  return models;
}

function row({ entry, signature }: RegisteredVersion): string[] {
  const { model, version, run, imported, top1 } = entry;
  const { classes, imageSize, channels } = signature;
  return [
    ...[model, String(version), formatCount(classes.length)],
    `${imageSize} x ${imageSize} ${channels === 1 ? 'grey' : 'colour'}`,
    imported?.file ?? run ?? '-',
    top1 === undefined ? '-' : percent(top1, 2),
  ];
}
