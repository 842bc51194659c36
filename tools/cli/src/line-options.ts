import type { BuildRequest, BuildResult, TrainRequest } from '@bluewaters/messages';
import { z } from 'zod';

/** A name for dataset, run and model, checked by the messages' own rule later. */
const name = (meaning: string): z.ZodOptional<z.ZodString> => z.string().optional().describe(meaning);

/** What ingest may be asked. */
export const ingestOptions = {
  images: z.string().optional().describe('an ImageNet-style archive: tar, or tar.gz, of <synset>.tar'),
  synsets: z.string().optional().describe('a file with a synset id on each line; their order gives the labels'),
  words: z.string().optional().describe('a file with <synset> TAB <words> lines'),
  dataset: name('a name for the dataset; default: from the name of the archive'),
  tolerate: z.int().min(0).default(0).describe('members that are no pictures to leave out before giving up'),
};

/** What shards may be asked. */
export const shardsOptions = {
  validationList: z.string().optional().describe('a file with <synset> <image id> lines: the images held out'),
  validationShare: z.number().gt(0).lt(1).default(0.1).describe('without a list: the share of each synset held out'),
  trainShards: z.int().positive().default(8).describe('files that the training records are spread over'),
  validationShards: z.int().positive().default(2).describe('files that the held-out records are spread over'),
  seed: z.int().min(0).default(12345).describe('orders examples and draws weights; the same seed, the same bytes'),
};

/** What training may be asked; what is left out comes from the network's own recipe. */
export const trainOptions = {
  network: z.string().default('lenet').describe('a name that `bluewaters networks ls` lists'),
  epochs: z.int().positive().optional().describe("passes over the training records; default: the network's recipe"),
  batch: z.int().positive().optional().describe("images a step; default: the network's recipe"),
  imageSize: z.int().positive().optional().describe("side of the square in pixels; default: the network's"),
  learningRate: z.number().positive().optional().describe("peak rate; default: the network's recipe"),
  momentum: z.number().min(0).lt(1).optional().describe("default: the network's recipe"),
  weightDecay: z.number().min(0).optional().describe("default: the network's recipe"),
  checkpointEverySteps: z.int().positive().default(200).describe('steps between checkpoints'),
  keepCheckpoints: z.int().min(2).default(3).describe('checkpoints kept, 2 or more'),
  run: name('a name for the run; the same name goes on from its last checkpoint; default: DATASET-NETWORK'),
  model: name('the name under which the model is served; default: DATASET'),
  trace: z
    .boolean()
    .default(false)
    .describe('note what each operation of steps 10 to 12 does, in checkpoint_dir/trace.json'),
  threads: z.int().positive().optional().describe("TensorFlow's threads; default: all cores"),
};

type ShardsValues = z.output<z.ZodObject<typeof shardsOptions>>;
type TrainValues = z.output<z.ZodObject<typeof trainOptions>>;

/** The request that the options make, against the index that they are for. */
export function buildRequest(
  values: ShardsValues,
  rest: Pick<BuildRequest, 'dataset' | 'index' | 'validation'>,
): BuildRequest {
  const { trainShards, validationShards, seed } = values;
  return { ...rest, trainShards, validationShards, seed };
}

/** The request that the options and the network's recipe make. @throws {CodedError} NETWORK_UNKNOWN. */
export async function trainRequest(
  values: TrainValues & { readonly seed: number },
  dataset: BuildResult,
): Promise<TrainRequest> {
  // Brings TensorFlow's message types along, which no other verb needs.
  const { networkByName } = await import('@bluewaters/models');
  const network = networkByName(values.network);
  const { recipe, input } = network;
  return {
    run: values.run ?? `${dataset.dataset}-${network.name}`,
    dataset: dataset.dataset,
    manifest: dataset.digest,
    model: values.model ?? dataset.dataset,
    network: network.name,
    epochs: values.epochs ?? recipe.epochs,
    batch: values.batch ?? recipe.batch,
    imageSize: values.imageSize ?? input.imageSize,
    learningRate: values.learningRate ?? recipe.learningRate,
    momentum: values.momentum ?? recipe.momentum,
    weightDecay: values.weightDecay ?? recipe.weightDecay,
    seed: values.seed,
    checkpointEverySteps: values.checkpointEverySteps,
    keepCheckpoints: values.keepCheckpoints,
    ...(values.trace && { trace: true }),
  };
}

/** `…/Images.tar.gz` in a folder `cifar10` → `cifar10`; `flowers.tar` → `flowers`. */
export function datasetName(images: string): string {
  const parts = images.split('/').filter(Boolean);
  const file = (parts.at(-1) ?? '').replace(/\.tar(?:\.gz)?$|\.tgz$/u, '');
  const chosen = /^images$/iu.test(file) ? (parts.at(-2) ?? file) : file;
  return (
    chosen
      .toLowerCase()
      .replace(/[^a-z0-9_-]+/gu, '-')
      .replace(/^[-_]+|[-_]+$/gu, '') || 'images'
  );
}
