import {
  cast,
  dataset,
  parseSingleExample,
  type Dataset,
  type Operation,
  type Output,
  type Scope,
} from '@bluewaters/tensorflow';
import { preprocess, type InputContract } from '@bluewaters/models';

/** A pipeline and the tensors that must be fed when it is started. */
export interface InputPipeline {
  /** Starts it, at the beginning of an epoch or of an evaluation. */
  readonly start: Operation;
  /** string [shards]: paths of TFRecord files in the order in which they are to be read. */
  readonly files: Output;
  /** float32 [batch, imageSize, imageSize, channels]. */
  readonly images: Output;
  /** int32 [batch]: 1-based; 0 is background. */
  readonly labels: Output;
}

/** A pipeline for training, whose order depends on what is fed. */
export interface TrainingPipeline extends InputPipeline {
  /** int64 scalar each: the epoch's own pair of seeds. */
  readonly seed: Output;
  readonly seed2: Output;
  /** int64 scalar: records of this epoch that were trained on before a restart. */
  readonly done: Output;
}

/** What both pipelines are built from. */
export interface PipelineOptions {
  readonly input: InputContract;
  readonly batch: number;
  /** Threads that decode. */
  readonly parallelism: number;
}

/**
 * The training split, one epoch at a time: records in an order that is a function of the fed file order and seeds alone,
 * cut into full batches. The last batch is filled up from the epoch's beginning, so that every example is seen.
 *
 * @param options `recordsPerEpoch` is a multiple of the batch; `shuffleBuffer` in records.
 */
export function trainingPipeline(
  parent: Scope,
  options: PipelineOptions & { readonly recordsPerEpoch: number; readonly shuffleBuffer: number },
): TrainingPipeline {
  const scope = parent.child('input');
  const [seed, seed2, done] = ['seed', 'seed2', 'done'].map((name) => scope.placeholder('int64', [], { name })) as [
    Output,
    Output,
    Output,
  ];
  const { files, records } = readShards(scope);
  let order = dataset.shuffle(scope, records, {
    bufferSize: options.shuffleBuffer,
    seed: [seed, seed2],
  });
  order = dataset.repeat(scope, order);
  order = dataset.take(scope, order, options.recordsPerEpoch);
  order = dataset.skip(scope, order, done);
  return { ...finish(scope, order, { ...options, files, dropRemainder: true }), seed, seed2, done };
}

/** A split once through in file order; the last batch may be smaller. */
export function evaluationPipeline(parent: Scope, options: PipelineOptions): InputPipeline {
  const scope = parent.child('input');
  const { files, records } = readShards(scope);
  return finish(scope, records, { ...options, files, dropRemainder: false });
}

function readShards(scope: Scope): { files: Output; records: Dataset } {
  const files = scope.placeholder('string', [null], { name: 'files' });
  const records = dataset.interleave(
    scope,
    dataset.tensorSlices(scope, [files]),
    (inner, [file]) => dataset.tfRecords(inner, file as Output),
    {
      cycleLength: 4,
      blockLength: 16,
    },
  );
  return { files, records };
}

function finish(
  scope: Scope,
  records: Dataset,
  options: PipelineOptions & { readonly files: Output; readonly dropRemainder: boolean },
): InputPipeline {
  const { input, parallelism, files, dropRemainder } = options;
  let batches = dataset.map(scope, records, (inner, [record]) => decode(inner, record as Output, input), {
    parallelism,
  });
  batches = dataset.batch(scope, batches, { size: options.batch, dropRemainder });
  batches = dataset.prefetch(scope, batches, 2);
  const { initializer, next } = dataset.iterator(scope, batches, 'batches');
  const [images, labels] = next as [Output, Output];
  return { start: initializer, files, images, labels };
}

/** One record, a tf.train.Example, to the picture that the network sees and its label. */
function decode(scope: Scope, record: Output, input: InputContract): Output[] {
  const features = parseSingleExample(scope, record, {
    'image/encoded': { dtype: 'string', shape: [] },
    'image/class/label': { dtype: 'int64', shape: [] },
  });
  const image = preprocess(scope, features['image/encoded'], input);
  return [image, cast(scope, features['image/class/label'], 'int32')];
}
