import { join } from 'node:path';
import { CodedError } from '@bluewaters/errors';
import { installedWordNet, NOUNS_FILE } from '@bluewaters/ingest';
import { indexKeys, indexName, SPLITS } from '@bluewaters/records';
import { z } from 'zod';
import { frameOptions, placeOptions, readPlace, type Place } from '../common-options.js';
import { datasetName } from '../dataset-name.js';
import { workersFor } from '../ingest-workers.js';
import { ingestOptions } from '../line-options.js';
import { asSource, indexArchive, type LineContext } from '../line.js';
import { defineVerb } from '../verb.js';
import { withWorkplace } from '../workplace.js';
import type { IngestResult, Source } from '@bluewaters/messages';

const options = z.strictObject({
  ...ingestOptions,
  split: z
    .enum(SPLITS)
    .default('train')
    .describe('the part of the dataset that the archive is; train comes first, and says what the labels are'),
  workers: z
    .int()
    .min(0)
    .max(1024)
    .optional()
    .describe(
      'processes of a core each that take a synset at a time; 0: this one; default: for a large archive as many as cores; ' +
        'with --bus the services say',
    ),
  ...placeOptions,
  ...frameOptions,
});
type Options = Readonly<z.output<typeof options>>;

/** `bluewaters ingest` */
export const ingest = defineVerb({
  options,
  examples: [
    ['$0 ingest --images Images.tar --synsets synsets.txt --words words.txt', 'index an ImageNet-style archive'],
    ['$0 ingest --images Images.tar --synsets synsets.txt --boxes Annotation.tar.gz --check full', 'and every pixel'],
    ['$0 ingest --images Images.tar --workers 16', 'on 16 cores; the result is the same'],
    [
      '$0 ingest --dataset imagenet --split validation --images ILSVRC2012_img_val.tar --ground-truth truth.txt',
      'another split of a dataset, with the labels that it has',
    ],
    ['$0 ingest --images Images.tar --below n02084071 --dataset dogs', 'every dog, by WordNet'],
  ],
  run: async (values, context) =>
    withWorkplace(await placeOf(values), async (workplace) => {
      const startedAt = performance.now();
      const result = await ingestFrom({ ...context, workplace }, values);
      const { examples, refused, repaired, boxes, synsets, ...index } = result;
      const reportKey = indexKeys.reportPage(indexName(result.dataset, result.split));
      context.print(
        `  report: ${workplace.store.localPath(reportKey) ?? `${workplace.store.description} ${reportKey}`}`,
      );
      const images = examples + refused;
      const imagesPerSecond = (1000 * images) / (performance.now() - startedAt);
      const verdicts = { images, accepted: examples - repaired, repaired, refused };
      return { ...index, reportKey, ...verdicts, boxes, synsets, imagesPerSecond };
    }),
});

/** @throws {CodedError} CONFIG_INVALID for workers of services that run elsewhere. */
async function placeOf({ workers, ...values }: Options): Promise<Place> {
  const place = readPlace(values);
  if (place.bus.kind === 'in-process')
    return { ...place, workers: workers ?? (await workersFor(values.images, values.check)) };
  if (!workers) return place;
  throw new CodedError('CONFIG_INVALID', 'Services on a bus have workers of their own', {
    details: { field: 'workers', expected: '--workers where the ingest services are started', got: `${workers}` },
  });
}

/** Indexes the archive that the options name. @throws {CodedError} CONFIG_INVALID when there is none, or one lacks another. */
export async function ingestFrom(
  context: LineContext,
  values: Pick<Options, keyof typeof ingestOptions> & Partial<Pick<Options, 'split'>>,
): Promise<IngestResult> {
  const { images, split, groundTruth, groundTruthOrder, check, maxRefused } = values;
  if (images === undefined) throw new CodedError('CONFIG_INVALID', 'Say which archive: --images FILE is missing');
  if (groundTruthOrder !== undefined && groundTruth === undefined) {
    throw new CodedError('CONFIG_INVALID', 'An order of numbers is of no use without --ground-truth');
  }
  const dataset = values.dataset ?? datasetOf(images, split);
  const folder = indexName(dataset, split);
  const given = async <Name extends string>(name: Name, file: string | undefined): Promise<{ [N in Name]?: Source }> =>
    (file === undefined ? {} : { [name]: await asSource(context, file, folder) }) as { [N in Name]?: Source };
  const truth = groundTruth === undefined ? undefined : await asSource(context, groundTruth, folder);
  return indexArchive(context, {
    dataset,
    ...(split && { split }),
    images: await asSource(context, images, folder),
    ...(await given('synsets', values.synsets)),
    ...(await given('words', values.words)),
    ...(await given('imageList', values.imageList)),
    ...(truth && { groundTruth: { truth, ...(await given('order', groundTruthOrder)) } }),
    ...(await given('wordnet', await nounsFile(values))),
    ...(values.below && { below: values.below }),
    ...(await given('boxes', values.boxes)),
    maxRefused,
    check,
  });
}

/** @throws {CodedError} CONFIG_INVALID for a further split: its archive's name is not the dataset's. */
function datasetOf(images: string, split: Options['split'] | undefined): string {
  if (split === undefined || split === 'train') return datasetName(images);
  throw new CodedError('CONFIG_INVALID', `Say whose ${split} it is: --dataset NAME is missing`);
}

/** The nouns of the WordNet that the options ask for. @throws {CodedError} FILE_NOT_FOUND where none is installed. */
export async function nounsFile({ wordnet, below }: Pick<Options, 'wordnet' | 'below'>): Promise<string | undefined> {
  const folder = wordnet ?? (below && (await installedWordNet(process.env)));
  return folder === undefined ? undefined : join(folder, NOUNS_FILE);
}
