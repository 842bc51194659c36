import { z } from 'zod';
import { defineEvent, defineState, defineWork } from './definitions.js';
import { Hyperparameters } from './hyperparameters.js';
import { Progress, jobRequest } from './jobs.js';
import { Digest, Name, Source, Split } from './vocabulary.js';

/** What the training service is asked to do. */
export const TrainRequest = z.strictObject({
  /** The run: asked again under the same name it goes on from its last checkpoint. */
  run: Name,
  dataset: Name,
  /** Of the manifest's bytes: a run never changes its dataset unseen. */
  manifest: Digest,
  /** The name under which the model is registered. */
  model: Name,
  /** A network of the registry, such as `lenet`. */
  network: Name,
  ...Hyperparameters.shape,
  /** A registered model of the same network whose weights the run starts from, and how these are treated. */
  from: z
    .strictObject({
      model: Name,
      version: z.int().positive(),
      /** Layers that stay as they are, by name or how it begins: `block1`, `conv1*`; `*` for all that came from the model. */
      freeze: z.array(z.string().min(1)).default([]),
      /** What the learning rate is multiplied by for weights that came from the model. */
      rate: z.number().positive().default(1),
    })
    .optional(),
  /** Side of the square that a picture becomes, in pixels. */
  imageSize: z.int().positive().max(1024),
  /** The order of axes in which layers compute while they are trained; variables are the same in both. */
  dataFormat: z.enum(['NHWC', 'NCHW']).default('NHWC'),
  seed: z.int().nonnegative(),
  checkpointEverySteps: z.int().positive(),
  /** Checkpoints kept, the newest ones, beside the best; older ones are removed. */
  keepCheckpoints: z.int().positive(),
  /** Which weights become the model: those of the last step, or of the epoch that did best on the validation split. */
  export: z.enum(['last', 'best']).default('last'),
  /** Epochs from one evaluation to the next; the last one is evaluated in any case. */
  evaluateEvery: z.int().positive().default(1),
  /** Epochs without a better one after which the run ends; when left out it has all its epochs. */
  earlyStop: z.int().positive().optional(),
  /** What batch normalisation looks at where ranks share a batch; `BatchStatistics` of the models package says more. */
  batchStatistics: z.enum(['own', 'averaged', 'synchronised']).default('own'),
  /** What gradients travel between ranks as; `none` is float32. */
  compression: z.enum(['none', 'bfloat16', 'float16']).default('none'),
  /** Which ranks reduce gradients: all at once, or those of each host first and then one of each host. */
  route: z.enum(['flat', 'by-hosts']).default('flat'),
  /** Whether to note what every operation of a few steps does, in `checkpoint_dir/trace.json`. */
  trace: z.boolean().optional(),
  /** Whether to keep MLPerf's log, in `checkpoint_dir/mlperf.log`. */
  mlperfLog: z.boolean().optional(),
});
/** See {@link TrainRequest:variable}. */
export type TrainRequest = z.infer<typeof TrainRequest>;

/** How well a model does on a split that it was not trained on. */
export const Evaluation = z.strictObject({
  examples: z.int().positive(),
  /** Share of examples whose most probable class is the true one, 0 to 1. */
  top1: z.number().min(0).max(1),
  /** Share with the true class among the five most probable, 0 to 1. */
  top5: z.number().min(0).max(1),
  loss: z.number(),
});
/** See {@link Evaluation:variable}. */
export type Evaluation = z.infer<typeof Evaluation>;

/** An evaluation within a run, and when it was made. */
export const EvaluatedStep = z.strictObject({
  step: z.int().nonnegative(),
  /** Passes over the training split completed by then. */
  epoch: z.int().nonnegative(),
  evaluation: Evaluation,
});
/** See {@link EvaluatedStep:variable}. */
export type EvaluatedStep = z.infer<typeof EvaluatedStep>;

/** What training leaves behind. */
export const TrainResult = z.strictObject({
  run: Name,
  model: Name,
  version: z.int().positive(),
  steps: z.int().nonnegative(),
  epochs: z.int().nonnegative(),
  /** Of the registered model. */
  evaluation: Evaluation,
  /** Whose weights it has. */
  exported: TrainRequest.shape.export,
  /** The epoch with the highest top-1, the first of equal ones; absent for runs from before it was kept. */
  best: EvaluatedStep.optional(),
  /** Whether the run ended before its last epoch, since it no longer got better. */
  stoppedEarly: z.boolean().default(false),
  /** Mean over the steps of this start of the run; absent when there was nothing left to do. */
  imagesPerSecond: z.number().nonnegative().optional(),
  /** Prefix of the run in the store; a folder where the store is a directory. */
  checkpointPrefix: z.string(),
});
/** See {@link TrainResult:variable}. */
export type TrainResult = z.infer<typeof TrainResult>;

/** Asks training to train a network. A repeat with the same request goes on with the run. */
export const Train = defineWork('training.v2.train', jobRequest(TrainRequest), TrainResult);

/** What training is asked to import. */
export const ImportRequest = z.strictObject({
  /**
   * Published weights on a file system that the service sees: an HDF5 file of Keras, the folder of a Keras SavedModel, or
   * the prefix of a checkpoint's files.
   */
  file: z.string().startsWith('/').max(4096),
  /** The network of the registry that they are of, such as `vgg-16`. */
  network: z.string(),
  /** The name under which the model is registered. */
  model: Name,
  /** Synset ids, a line each, in the order of the outputs; a background output that comes first has no line. */
  synsets: Source,
  /** `<synset> TAB <words>` lines; without it the synset is its own words. */
  words: Source.optional(),
  /** Side of the square that a picture becomes, in pixels; the network's own by default. */
  imageSize: z.int().positive().max(1024).optional(),
  /** How a picture becomes a square; as is usual for these weights by default. */
  crop: z.enum(['squeeze', 'central']).optional(),
  /** Layers that start anew, such as `logits` for other classes. */
  newLayers: z.array(z.string()),
  /** Of what these draw. */
  seed: z.int().nonnegative(),
});
/** See {@link ImportRequest:variable}. */
export type ImportRequest = z.infer<typeof ImportRequest>;

/** What an import leaves behind. */
export const ImportResult = z.strictObject({
  model: Name,
  version: z.int().positive(),
  /** Prefix of the version in the store. */
  prefix: z.string(),
  classes: z.int().positive(),
  /** Variables that have their values from the file. */
  imported: z.int().nonnegative(),
  /** Names of those that started anew. */
  fresh: z.array(z.string()),
  /** Names of the file's tensors that were left out. */
  leftOut: z.array(z.string()),
  /** True when the weights knew no background. */
  labelsShifted: z.boolean(),
});
/** See {@link ImportResult:variable}. */
export type ImportResult = z.infer<typeof ImportResult>;

/** Asks training to enter published weights in the registry. A repeat finds the version that is there. */
export const ImportModel = defineWork('training.v1.import', jobRequest(ImportRequest), ImportResult);
/** What training is asked to evaluate: a registered model, on a split of a dataset. */
export const EvaluateRequest = z.strictObject({
  model: Name,
  version: z.int().positive(),
  dataset: Name,
  /** Of the manifest's bytes. */
  manifest: Digest,
  split: Split,
  /** Pictures at a time; the answer does not depend on it. */
  batch: z.int().positive().max(4096),
});
/** See {@link EvaluateRequest:variable}. */
export type EvaluateRequest = z.infer<typeof EvaluateRequest>;

/** How a model does on one class. */
export const ClassEvaluation = z.strictObject({
  synset: z.string(),
  words: z.string(),
  examples: z.int().nonnegative(),
  /** Share of the class's examples that were found, 0 to 1. */
  recall: z.number().min(0).max(1),
  /** Share of what was taken for the class that was it, 0 to 1; absent when nothing was. */
  precision: z.number().min(0).max(1).optional(),
});
/** See {@link ClassEvaluation:variable}. */
export type ClassEvaluation = z.infer<typeof ClassEvaluation>;

/** How a model does on a split. */
export const EvaluateResult = z.strictObject({
  model: Name,
  version: z.int().positive(),
  dataset: Name,
  split: Split,
  evaluation: Evaluation,
  /** Over reading, decoding and the network. */
  imagesPerSecond: z.number().nonnegative(),
  /** Those of the model, in label order. */
  classes: z.array(ClassEvaluation),
  /** Pairs of classes that are mixed up most, by synset, the most frequent first; 50 at most. */
  confusions: z.array(z.strictObject({ truth: z.string(), answer: z.string(), examples: z.int().positive() })),
});
/** See {@link EvaluateResult:variable}. */
export type EvaluateResult = z.infer<typeof EvaluateResult>;

/** Asks training to evaluate a registered model. It writes nothing. */
export const EvaluateModel = defineWork('training.v1.evaluate', jobRequest(EvaluateRequest), EvaluateResult);

/** What training is asked to make a model of: a checkpoint of a run. */
export const ExportRequest = z.strictObject({
  run: Name,
  /** By default that which the run would go on from. */
  step: z.int().nonnegative().optional(),
  /** The name under which the model is registered; the run's own by default. */
  model: Name.optional(),
});
/** See {@link ExportRequest:variable}. */
export type ExportRequest = z.infer<typeof ExportRequest>;

/** What an export leaves behind. */
export const ExportResult = z.strictObject({
  run: Name,
  step: z.int().nonnegative(),
  model: Name,
  version: z.int().positive(),
  /** On the validation split: what training found, or what was found now. */
  evaluation: Evaluation,
  /** Prefix of the version in the store. */
  prefix: z.string(),
});
/** See {@link ExportResult:variable}. */
export type ExportResult = z.infer<typeof ExportResult>;

/** Asks training to enter a checkpoint in the registry. A repeat finds the version that is there. */
export const ExportCheckpoint = defineWork('training.v1.export', jobRequest(ExportRequest), ExportResult);

/** How far a rank has come. Sent by the leader of a run several times a second at most. */
export const RankReported = defineEvent('training.v1.reported', z.strictObject({ run: Name, progress: Progress }));

/**
 * A rank has nothing more to do: it has finished, or `error` says why not. Sent once by each rank before it exits; a
 * rank that exits without it has died.
 */
export const RankEnded = defineEvent(
  'training.v1.ended',
  z.strictObject({
    run: Name,
    result: TrainResult.optional(),
    error: z.strictObject({ code: z.string(), message: z.string(), details: z.unknown().optional() }).optional(),
  }),
);

/** A checkpoint is stored. Sent by the leader of a run; may arrive twice. */
export const Checkpointed = defineEvent(
  'training.v1.checkpointed',
  z.strictObject({ run: Name, step: z.int().nonnegative(), epoch: z.int().nonnegative(), key: z.string() }),
);

/** A run was evaluated on the validation split. Sent by the leader of a run; may arrive twice. */
export const Evaluated = defineEvent(
  'training.v1.evaluated',
  z.strictObject({ run: Name, step: z.int().nonnegative(), evaluation: Evaluation }),
);

/** Where a run stands. */
export const RunRecord = z.strictObject({
  run: Name,
  model: Name,
  network: Name,
  dataset: Name,
  state: z.enum(['running', 'stopped', 'done']),
  step: z.int().nonnegative(),
  epoch: z.int().nonnegative(),
  /** Of the last checkpoint, if there is one. */
  checkpointStep: z.int().nonnegative().optional(),
  /** The newest. */
  evaluation: Evaluation.optional(),
  /** The epoch with the highest top-1, the first of equal ones. */
  best: EvaluatedStep.optional(),
});
/** See {@link RunRecord:variable}. */
export type RunRecord = z.infer<typeof RunRecord>;

/** Runs by name. Written by training; rebuilt from the store when it starts. */
export const Runs = defineState('runs', RunRecord);

/** One version of a model in the registry. */
export const ModelRecord = z.strictObject({
  model: Name,
  version: z.int().positive(),
  /** Prefix of the version in the store, `models/NAME/VERSION/`. */
  prefix: z.string(),
  /** Absent for imported weights, as is the share of validation examples that it gets right. */
  run: Name.optional(),
  top1: z.number().min(0).max(1).optional(),
});
/** See {@link ModelRecord:variable}. */
export type ModelRecord = z.infer<typeof ModelRecord>;

/** A model version is complete. Sent by training after its entry is stored; may arrive twice. */
export const ModelRegistered = defineEvent('training.v1.registered', ModelRecord);

/** Model versions by `NAME.VERSION`. Written by training; rebuilt from the store when it starts. */
export const Models = defineState('models', ModelRecord);
