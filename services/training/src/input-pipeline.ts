import {
  cast,
  dataset,
  pack,
  parseSingleExample,
  type Dataset,
  type Operation,
  type Output,
  type Scope,
} from '@bluewaters/tensorflow';
import { augment, pictureFeatures, preprocess, type Augmentation, type InputContract } from '@bluewaters/models';

/** A pipeline and the tensors that must be fed when it is started. */
export interface InputPipeline {
  /** Starts it, at the beginning of an epoch or of an evaluation. */
  readonly start: Operation;
  /** string [shards]: paths of TFRecord files. */
  readonly files: Output;
  /** float32 [batch, imageSize, imageSize, channels]. */
  readonly images: Output;
  /** int32 [batch]: 1-based; 0 is background. */
  readonly labels: Output;
}

/** A pipeline for training, which reads what is fed: for each record of the rank's part of the epoch one row. */
export interface TrainingPipeline extends InputPipeline {
  readonly records: {
    /** int64 [records]: which of the files it is in. */
    readonly fileIndex: Output;
    /** int64 [records]: of its first framing byte, in bytes. */
    readonly offset: Output;
    /** int64 [records]: with its framing, in bytes. */
    readonly length: Output;
    /** int64 [records]: its number in the split, by which its random changes are drawn. */
    readonly number: Output;
  };
  /** int64 scalar: the epoch's seed of random changes. */
  readonly augmentationSeed: Output;
  /** float64 scalar: seconds for which a step waited for its batch. */
  readonly wait: Output<'float64'>;
}

/** What both pipelines are built from. */
export interface PipelineOptions {
  readonly input: InputContract;
  readonly batch: number;
  /** Threads that read and decode. */
  readonly parallelism: number;
}

/** How training differs from evaluation. */
export interface TrainingPipelineOptions extends PipelineOptions {
  readonly augmentation: readonly Augmentation[];
}

/**
 * The training split, as much of an epoch as is fed, in the fed order. Every random change is drawn by the epoch's seed
 * and the record's number, so neither threads nor the number of ranks change a picture.
 *
 * @param options Fed rows are a multiple of `batch`, which is the rank's own.
 */
export function trainingPipeline(parent: Scope, options: TrainingPipelineOptions): TrainingPipeline {
  const scope = parent.child('input');
  const { parallelism } = options;
  const files = scope.placeholder('string', [null], { name: 'files' });
  const vector = (name: string): Output => scope.placeholder('int64', [null], { name });
  const [fileIndex, offset, length] = [vector('file_index'), vector('offset'), vector('length')];
  const number = vector('record_number');
  const augmentationSeed = scope.placeholder('int64', [], { name: 'augmentation_seed' });
  const payloads = dataset.recordsAt(scope, { files, fileIndex, offset, length }, { parallelism });
  const numbered = dataset.zip(scope, [payloads, dataset.tensorSlices(scope, [number])]);
  const examples = dataset.map(
    scope,
    numbered,
    (inner, [payload, itsNumber, epochSeed]) => {
      const seed = pack(inner, [epochSeed as Output, itsNumber as Output]);
      return decodeExample(inner, payload as Output, { ...options, seed });
    },
    { parallelism, captured: [augmentationSeed] },
  );
  const batches = batched(scope, examples, { batch: options.batch, dropRemainder: true });
  return { ...batches, files, records: { fileIndex, offset, length, number }, augmentationSeed };
}

/** A split once through, in the order of its records' numbers; the last batch may be smaller. */
export function evaluationPipeline(parent: Scope, { input, batch, parallelism }: PipelineOptions): InputPipeline {
  const scope = parent.child('input');
  const files = scope.placeholder('string', [null], { name: 'files' });
  const examples = dataset.map(
    scope,
    dataset.tfRecords(scope, files),
    (inner, [payload]) => decodeExample(inner, payload as Output, { input, augmentation: [] }),
    { parallelism },
  );
  return { ...batched(scope, examples, { batch, dropRemainder: false }), files };
}

function batched(
  scope: Scope,
  examples: Dataset,
  { batch, dropRemainder }: { readonly batch: number; readonly dropRemainder: boolean },
): Pick<TrainingPipeline, 'start' | 'images' | 'labels' | 'wait'> {
  const batches = dataset.prefetch(scope, dataset.batch(scope, examples, { size: batch, dropRemainder }), 2);
  const { initializer, next, wait } = dataset.timedIterator(scope, batches, 'batches');
  const [images, labels] = next as [Output, Output];
  return { start: initializer, images, labels, wait };
}

/** How one example is decoded: `seed` int64 [2] where there is something to draw. */
interface DecodeOptions {
  readonly input: InputContract;
  readonly augmentation: readonly Augmentation[];
  readonly seed?: Output;
}

/** One record, a tf.train.Example, to the picture that the network sees and its label. */
function decodeExample(scope: Scope, payload: Output, options: DecodeOptions): Output[] {
  const features = parseSingleExample<string>(scope, payload, {
    ...pictureFeatures(options.augmentation),
    'image/class/label': { dtype: 'int64', shape: [] },
  });
  const { input, augmentation, seed } = options;
  const image = seed
    ? augment(scope, features, { input, augmentation, seed })
    : preprocess(scope, features['image/encoded'] as Output, input);
  return [image, cast(scope, features['image/class/label'] as Output, 'int32')];
}
