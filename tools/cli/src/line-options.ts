import {
  Augmentation,
  Hyperparameters,
  TrainRequest,
  type BuildRequest,
  type BuildResult,
  type SizePhase,
} from '@bluewaters/messages';
import type { Network, Recipe } from '@bluewaters/models';
import { z } from 'zod';

/** A name for dataset, run and model, checked by the messages' own rule later. */
const name = (meaning: string): z.ZodOptional<z.ZodString> => z.string().optional().describe(meaning);

/** Several values between commas; `none` for none of them. */
export const list = <Element extends z.ZodType>(element: Element): z.ZodType<z.output<Element>[], string> =>
  z
    .string()
    .transform((text) => (text === 'none' ? [] : text.split(',')))
    .pipe(z.array(element as z.ZodType<z.output<Element>, string>));

/** What ingest may be asked. */
export const ingestOptions = {
  images: z
    .string()
    .optional()
    .describe('a tar, plain, gzip or zstd, of <synset>.tar; or a folder of these, or of <synset>/ with pictures'),
  synsets: z
    .string()
    .optional()
    .describe('a file with a synset id on each line; their order gives the labels; default: all, sorted'),
  words: z.string().optional().describe('a file with <synset> TAB <words> lines'),
  wordnet: z
    .string()
    .optional()
    .describe('the folder of WordNet 3.0, for words and glosses; default with --below: where it is installed'),
  below: list(z.string().regex(/^n\d{8}$/u, 'n and eight digits'))
    .optional()
    .describe('take only these synsets and all below them: n02084071 for every dog; needs WordNet'),
  dataset: name('a name for the dataset; default: from the name of the archive'),
  imageList: z
    .string()
    .optional()
    .describe('a file with <annotation synset> <image id> lines: the only images to take'),
  groundTruth: z
    .string()
    .optional()
    .describe('for a flat tar, as of ILSVRC validation: the synset of image n on line n'),
  groundTruthOrder: z
    .string()
    .optional()
    .describe('where the ground truth has numbers: a file that gives their synsets'),
  boxes: z.string().optional().describe('boxes: Annotation.tar.gz of VOC XML, or a CSV of the Inception scripts'),
  check: z
    .enum(['header', 'full'])
    .default('header')
    .describe("header: follow a JPEG's markers to its end; full: decode every pixel"),
  maxRefused: z.int().min(0).default(0).describe('members that are no pictures to leave out before giving up'),
};

/** The share of each synset that is held out where nothing else says what is. */
export const DEFAULT_VALIDATION_SHARE = 0.1;

/** What shards may be asked. */
export const shardsOptions = {
  validationList: z.string().optional().describe('a file with <synset> <image id> lines: the images held out'),
  validationShare: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe(
      `without a list: the share of each synset held out; default: the split validation, or ${DEFAULT_VALIDATION_SHARE}`,
    ),
  trainShards: z.int().positive().default(8).describe('files that the training records are spread over'),
  validationShards: z
    .int()
    .positive()
    .default(2)
    .describe('files that the held-out records of a split are spread over'),
  seed: z.int().min(0).default(12345).describe('orders examples and draws weights; the same seed, the same bytes'),
};

/** What is trained where neither a network nor a recipe is named. */
export const DEFAULT_NETWORK = 'lenet';

const OPTIMISERS = Hyperparameters.shape.optimiser.unwrap();
const SCHEDULES = Hyperparameters.shape.schedule.unwrap();
const PRECISIONS = Hyperparameters.shape.precision.unwrap();
const VIEWS = Hyperparameters.shape.views.unwrap();
const COMPRESSIONS = TrainRequest.shape.compression.unwrap();
const ROUTES = TrainRequest.shape.route.unwrap();
const BATCH_STATISTICS = TrainRequest.shape.batchStatistics.unwrap();
const SCALINGS = Hyperparameters.shape.rateScaling.unwrap();

/** `96:6`: 96 pixels for the epochs before the seventh. */
function sizePhase(text: string): SizePhase {
  const [imageSize = NaN, untilEpoch = NaN] = text.split(':').map(Number);
  return { imageSize, untilEpoch };
}

/** The options that stand for hyperparameters: one for each, by its own rule; what is left out the recipe says. */
const recipeOptions = {
  epochs: z.int().positive().optional().describe('passes over the training records'),
  batch: z.int().positive().optional().describe('images a step'),
  optimiser: OPTIMISERS.optional().describe(`how weights are moved: ${OPTIMISERS.options.join(', ')}`),
  learningRate: z.number().positive().optional().describe('peak of the rate'),
  momentum: z.number().min(0).lt(1).optional().describe('the part of the velocity that stays'),
  weightDecay: z.number().min(0).optional().describe('of weights, not of biases and normalisation'),
  schedule: SCHEDULES.optional().describe(`how the rate falls: ${SCHEDULES.options.join(', ')}`),
  warmUpEpochs: z.number().min(0).optional().describe('epochs of the climb to the peak'),
  warmUpFrom: z.number().min(0).optional().describe('the rate that the climb starts from'),
  decayEpochs: list(z.coerce.number().positive())
    .optional()
    .describe('epochs at which the rate falls: 30,60,80; of a fall with the exponential schedules'),
  decayFactor: z.number().gt(0).lte(1).optional().describe('what the rate is multiplied by at a fall'),
  decayPower: z.number().positive().optional().describe('the exponent of the schedule polynomial'),
  endLearningRate: z.number().min(0).optional().describe('where the schedules polynomial and cosine end'),
  rateScaling: SCALINGS.optional().describe('with the batch: none, linear, square-root'),
  rateScalingBatch: z.int().positive().optional().describe('the batch that the learning rate is for'),
  progressiveSizes: list(
    z
      .string()
      .regex(/^\d+:\d+$/u, 'SIZE:EPOCH')
      .transform(sizePhase),
  )
    .optional()
    .describe('sizes of the first pictures, each until an epoch: 96:6,112:10'),
  augmentation: list(Augmentation)
    .optional()
    .describe(`none, or some of ${Augmentation.options.join(',')}`),
  mixUp: z.number().min(0).optional().describe('alpha of MixUp; 0 for none'),
  cutMix: z.number().min(0).optional().describe('alpha of CutMix; 0 for none'),
  labelSmoothing: z.number().min(0).lt(1).optional().describe('the part of a label that goes to all outputs alike'),
  auxiliaryWeight: z.number().min(0).optional().describe('weight of the losses of auxiliary heads'),
  offsetRate: z
    .number()
    .positive()
    .optional()
    .describe('what the rate is multiplied by for offsets of batch normalisation'),
  gradientClip: z.number().positive().optional().describe('the largest norm of all gradients together'),
  averageDecay: z.number().min(0).lt(1).optional().describe('of moving averages of the weights; 0 for none'),
  views: VIEWS.optional().describe('how pictures are classified: one, or mirrored too, with the mean of both'),
  precision: PRECISIONS.optional().describe(`what the network computes in: ${PRECISIONS.options.join(', ')}`),
  microBatches: z.int().positive().optional().describe('parts of a batch, one after the other, for less memory'),
};

const DATA_FORMATS = TrainRequest.shape.dataFormat.unwrap();
const EXPORTS = TrainRequest.shape.export.unwrap();

/** What training may be asked; what is left out comes from the recipe that is named, or else from the network's own. */
export const trainOptions = {
  network: z
    .string()
    .optional()
    .describe("a name that `bluewaters networks ls` lists; default: the recipe's, or lenet"),
  recipe: z.string().optional().describe("a recipe that `bluewaters recipes ls` lists; default: the network's own"),
  imageSize: z.int().positive().optional().describe("side of the square in pixels; default: the network's"),
  ...recipeOptions,
  dataFormat: DATA_FORMATS.optional().describe(
    'the order of axes in layers: NHWC, or NCHW, which GPUs may like better',
  ),
  batchStatistics: BATCH_STATISTICS.default('own').describe(
    `what batch normalisation looks at where ranks share a batch: ${BATCH_STATISTICS.options.join(', ')}`,
  ),
  compression: COMPRESSIONS.default('none').describe(
    `what gradients travel between ranks as: ${COMPRESSIONS.options.join(', ')}; none is float32`,
  ),
  route: ROUTES.default('flat').describe('which ranks reduce gradients: all at once, or those of each host first'),
  from: z.string().optional().describe('a registered model to start from, NAME or NAME:VERSION; its network goes on'),
  freeze: list(z.string())
    .optional()
    .describe('with --from: layers that stay as they are, such as conv1,block*; * for all but new ones'),
  fromRate: z.number().positive().optional().describe('with --from: a factor for the rate of its weights; default: 1'),
  checkpointEverySteps: z.int().positive().default(200).describe('steps between checkpoints'),
  keepCheckpoints: z.int().min(2).default(3).describe('newest checkpoints kept, 2 or more, beside the best'),
  evaluateEvery: z
    .int()
    .positive()
    .default(1)
    .describe('epochs from one evaluation to the next; the last epoch is evaluated in any case'),
  earlyStop: z.int().positive().optional().describe('epochs without a better one after which the run ends'),
  export: EXPORTS.optional().describe(
    'whose weights become the model: those of the last epoch, or of the best on held-out pictures; default: last, best with --early-stop',
  ),
  run: name('a name for the run; the same name goes on from its last checkpoint; default: DATASET-NETWORK'),
  model: name('the name under which the model is served; default: DATASET'),
  trace: z
    .boolean()
    .default(false)
    .describe('note what each operation of steps 10 to 12 does, in checkpoint_dir/trace.json'),
  mlperfLog: z
    .boolean()
    .default(false)
    .describe("keep MLPerf's log of a residual network in checkpoint_dir/mlperf.log"),
  threads: z.int().positive().optional().describe("TensorFlow's threads; default: all cores"),
};

type ShardsValues = z.output<z.ZodObject<typeof shardsOptions>>;
type TrainValues = z.output<z.ZodObject<typeof trainOptions>>;
/** The options that say what is trained, and how. */
type TrainingChoice = Pick<TrainValues, 'network' | 'recipe' | keyof typeof recipeOptions>;

/** The request that the options make, against the index that they are for. */
export function buildRequest(
  values: ShardsValues,
  rest: Pick<BuildRequest, 'dataset' | 'index' | 'validation' | 'testing'>,
): BuildRequest {
  const { trainShards, validationShards, seed } = values;
  return { ...rest, trainShards, validationShards, seed };
}

/**
 * The request that the options and a recipe make; it says all that the run depends on.
 * @throws {CodedError} NETWORK_UNKNOWN; CONFIG_INVALID when there is no such recipe.
 */
export async function trainRequest(
  values: TrainValues & { readonly seed: number },
  dataset: BuildResult,
  parent?: ParentModel,
): Promise<TrainRequest> {
  const { network, recipe, hyperparameters } = await chosenTraining(values, parent);
  const basis = parent?.model ?? network.name;
  return TrainRequest.parse({
    run: values.run ?? [dataset.dataset, basis, ...(recipe ? [recipe.name] : [])].join('-'),
    dataset: dataset.dataset,
    manifest: dataset.digest,
    model: values.model ?? dataset.dataset,
    network: network.name,
    imageSize: first(values.imageSize, parent?.imageSize, network.input.imageSize),
    ...hyperparameters,
    ...(parent && { from: fromOf(values, parent) }),
    dataFormat: values.dataFormat,
    seed: values.seed,
    batchStatistics: values.batchStatistics,
    compression: values.compression,
    route: values.route,
    checkpointEverySteps: values.checkpointEverySteps,
    keepCheckpoints: values.keepCheckpoints,
    evaluateEvery: values.evaluateEvery,
    ...endOf(values),
    ...logsOf(values),
  });
}

/** What is trained, and how. */
interface ChosenTraining {
  readonly network: Network;
  /** If one is named. */
  readonly recipe: Recipe | undefined;
  readonly hyperparameters: Network['recipe'];
}

/**
 * The network that the options, a parent or a recipe name, and how it is trained.
 * @throws {CodedError} NETWORK_UNKNOWN; CONFIG_INVALID when there is no such recipe.
 */
export async function chosenTraining(values: TrainingChoice, parent?: ParentModel): Promise<ChosenTraining> {
  // Brings TensorFlow's message types along, which no other verb needs.
  const { networkByName, recipeByName } = await import('@bluewaters/models');
  const recipe = values.recipe === undefined ? undefined : recipeByName(values.recipe);
  const network = networkByName(first(values.network, parent?.network, recipe?.network) ?? DEFAULT_NETWORK);
  const hyperparameters = { ...(recipe?.hyperparameters ?? network.recipe), ...givenHyperparameters(values) };
  return { network, recipe, hyperparameters };
}

/** When the run ends, and what of it becomes the model: with patience the last epochs are by design not the best. */
function endOf({ earlyStop, export: asked }: TrainValues): Pick<TrainRequest, 'earlyStop' | 'export'> {
  return { earlyStop, export: asked ?? (earlyStop === undefined ? 'last' : 'best') };
}

/** What the run is to write down beside its checkpoints. */
function logsOf({ trace, mlperfLog }: TrainValues): Pick<TrainRequest, 'trace' | 'mlperfLog'> {
  return { ...(trace && { trace }), ...(mlperfLog && { mlperfLog }) };
}

/** The first that is there. */
function first<Value>(...values: (Value | undefined)[]): Value | undefined {
  return values.find((value) => value !== undefined);
}

/** A registered model that a run starts from. */
export interface ParentModel {
  readonly model: string;
  readonly version: number;
  readonly network: string;
  /** In pixels. */
  readonly imageSize: number;
}

function fromOf({ freeze, fromRate }: TrainValues, { model, version }: ParentModel): TrainRequest['from'] {
  return { model, version, freeze: freeze ?? [], rate: fromRate ?? 1 };
}

/** Those that the options give. */
function givenHyperparameters(values: TrainingChoice): Partial<Hyperparameters> {
  const names = Object.keys(recipeOptions) as (keyof typeof recipeOptions)[];
  return Object.fromEntries(names.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]));
}
