import { z } from 'zod';
import { ingestOptions, trainOptions } from '../line-options.js';

const count = z.int().positive().optional();

/** What `bluewaters submit` may be asked, but for what every verb may. */
export const submitOptions = {
  machine: z.string().default('local').describe('bluewaters, delta, local, or a JSON file that describes another'),
  dryRun: z
    .boolean()
    .default(false)
    .describe('print the commands as a shell script, which does the same where it is run, and submit nothing'),
  images: z.string().describe('the archive, as `bluewaters ingest` takes it; paths are those of the machine'),
  synsets: z.string().describe('a file with a synset id on each line; their order gives the labels'),
  words: ingestOptions.words,
  imageList: ingestOptions.imageList,
  boxes: ingestOptions.boxes,
  dataset: ingestOptions.dataset,
  validationList: z.string().optional().describe('a file with <synset> <image id> lines: the images held out'),
  trainShards: count.describe('files that the training records are spread over; default: 1024'),
  validationShards: count.describe('files that the held-out records are spread over; default: 128'),
  network: trainOptions.network,
  recipe: trainOptions.recipe,
  epochs: count.describe('passes over the training records'),
  batch: count.describe('images a step, of all nodes together'),
  threads: trainOptions.threads,
  run: trainOptions.run,
  model: trainOptions.model,
  trainOptions: z.string().optional().describe("further options of `bluewaters train`: --train-options='--seed 7'"),
  nodes: count.describe("of the training, a rank on each; default: the machine's"),
  spares: count.describe('further nodes that stand by, each to train in the place of one that a rank was lost on'),
  nodeType: z.string().optional().describe("nodes of the training, such as xk; default: the machine's"),
  queue: z.string().optional().describe("queue or partition of the training; default: the machine's"),
  walltime: z.string().optional().describe('of the training, hours:minutes:seconds; it goes on in the next job'),
  account: z.string().optional().describe('the account that pays'),
  image: z.string().optional().describe('a container image: repo/image:tag for Shifter, a .sif for Apptainer'),
  home: z.string().optional().describe('where this repository lies on the machine; default: here'),
  store: z
    .string()
    .optional()
    .describe(
      'where bytes are kept: a folder, or minio:http://host:9000/bucket; default: run in the folder submitted from',
    ),
} satisfies z.ZodRawShape;

/** See {@link submitOptions}. */
export type SubmitValues = z.output<z.ZodObject<typeof submitOptions>>;
