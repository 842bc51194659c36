/**
 * Evaluates a registered model on a split: the very SavedModel that is served gets the very bytes of the records, so
 * that preprocessing counts too.
 */
import { CodedError } from '@bluewaters/errors';
import type { EvaluateRequest, EvaluateResult, Progress } from '@bluewaters/messages';
import { classificationMetrics, type Predictions } from '@bluewaters/models';
import {
  decodeImageExample,
  readRecordStream,
  type ImageExample,
  type Manifest,
  type Signature,
} from '@bluewaters/records';
import { localModel, readVersion } from '@bluewaters/registry';
import type { ObjectStore } from '@bluewaters/storage';
import { loadSavedModel, Tensor, type LoadedModel } from '@bluewaters/tensorflow';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { bringShards } from '../local-shards.js';
import { countExamples, readManifest } from '../manifest.js';
import { classFigures, confusedPairs } from '../report/class-figures.js';
import { Guesses } from './guesses.js';

/** What an evaluation needs beside the request. */
export interface EvaluationPorts {
  readonly store: ObjectStore;
  /** Folder of this machine for copies of shards and models. */
  readonly workDirectory: string;
  /** TensorFlow's. */
  readonly threads: number;
  readonly report: (progress: Progress) => void;
}

const MOST_CONFUSIONS = 50;

/**
 * @throws {CodedError} MODEL_INVALID, MANIFEST_INVALID, SHARD_MISSING, SHARD_CORRUPT, RECORD_CORRUPT; CONFIG_INVALID when
 * the dataset has a class that the model does not know, or not the split.
 */
export async function evaluateModel(request: EvaluateRequest, ports: EvaluationPorts): Promise<EvaluateResult> {
  const { store, workDirectory, report } = ports;
  const { entry, signature } = await readVersion(store, request);
  const manifest = onlySplit(await readManifest(store, request), request);
  const outputOf = outputsByLabel(manifest, signature);
  const shards = await bringShards(store, manifest, { cache: join(workDirectory, 'shards', request.dataset), report });
  const directory = await localModel(store, entry, join(workDirectory, 'models'));
  using model = await loadSavedModel(directory, { intraOpThreads: ports.threads, interOpThreads: ports.threads });
  const startedAt = performance.now();
  const predictions = await predictAll(model, {
    batches: batchesOf(shards.validation, request.batch),
    total: countExamples(manifest, 'validation'),
    signature,
    outputOf,
    report,
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const { confusion, ...evaluation } = await classificationMetrics(predictions);
  const synsetOf = (index: number): string => signature.classes[index]?.synset ?? '';
  return {
    model: request.model,
    version: request.version,
    dataset: request.dataset,
    split: request.split,
    evaluation,
    imagesPerSecond: evaluation.examples / seconds,
    classes: classFigures(signature.classes, confusion),
    confusions: confusedPairs(confusion, MOST_CONFUSIONS).map(({ truth, answer, examples }) => {
      return { truth: synsetOf(truth), answer: synsetOf(answer), examples };
    }),
  };
}

/** The split to evaluate on in the place of validation: nothing of the others is to be brought. */
function onlySplit(manifest: Manifest, { dataset, split }: EvaluateRequest): Manifest {
  const shards = manifest.splits[split];
  if (shards) return { ...manifest, splits: { train: [], validation: shards } };
  throw new CodedError('CONFIG_INVALID', `The dataset ${dataset} has no split ${split}`, {
    details: { field: 'split', expected: Object.keys(manifest.splits).join(', '), got: split },
  });
}

/** The model's output for each label of the dataset: the one whose class has the same synset. */
function outputsByLabel(manifest: Manifest, { classes }: Signature): Int32Array {
  const outputs = new Map(classes.map(({ synset, label }) => [synset, label]));
  const byLabel = new Int32Array(manifest.classes.length + 1);
  for (const { synset, label } of manifest.classes) {
    const output = outputs.get(synset);
    if (output === undefined) {
      throw new CodedError('CONFIG_INVALID', 'The dataset has a class that the model does not know', {
        details: { field: 'dataset', expected: `one of the model's ${classes.length} classes`, got: synset },
      });
    }
    byLabel[label] = output;
  }
  return byLabel;
}

/** Every example of some shards once, in file order; the last batch may be smaller. */
async function* batchesOf(files: readonly string[], batch: number): AsyncGenerator<ImageExample[]> {
  let examples: ImageExample[] = [];
  for (const file of files) {
    for await (const { payload } of readRecordStream(createReadStream(file, { highWaterMark: 1 << 20 }), { file })) {
      examples.push(decodeImageExample(payload));
      if (examples.length < batch) continue;
      yield examples;
      examples = [];
    }
  }
  if (examples.length > 0) yield examples;
}

interface Predicting {
  readonly batches: AsyncIterable<ImageExample[]>;
  readonly total: number;
  readonly signature: Signature;
  readonly outputOf: Int32Array;
  readonly report: EvaluationPorts['report'];
}

async function predictAll(
  model: LoadedModel,
  { batches, total, signature, outputOf, report }: Predicting,
): Promise<Predictions> {
  const guesses = new Guesses(total, signature.outputs);
  const startedAt = performance.now();
  for await (const examples of batches) {
    const labels = examples.map(({ label }) => outputOf[label] as number);
    guesses.add(labels, await probabilitiesOf(model, signature, examples));
    const ratePerSecond = (1000 * guesses.examples) / (performance.now() - startedAt);
    report({ phase: 'evaluating', done: guesses.examples, total, unit: 'images', ratePerSecond });
  }
  return guesses.predictions();
}

/** float32 [examples, outputs], row by row. */
async function probabilitiesOf(
  { session, signatures }: LoadedModel,
  { inputKey, outputKeys }: Signature,
  examples: readonly ImageExample[],
): Promise<Float32Array> {
  const tensors = signatures['serving_default'];
  const [input, output] = [tensors?.inputs[inputKey], tensors?.outputs[outputKeys[0]]];
  if (!input || !output) {
    throw new CodedError('MODEL_INVALID', 'A model does not do what its signature says', {
      details: { expected: `${inputKey} in, ${outputKeys[0]} out` },
    });
  }
  using jpegs = Tensor.of(
    'string',
    [examples.length],
    examples.map(({ encoded }) => encoded),
  );
  using probabilities = (await session.run({ feeds: [[input, jpegs]], fetches: [output] }))[0] as Tensor;
  return probabilities.values('float32');
}
