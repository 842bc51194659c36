/** A dataset of three classes and a place to train on it. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { InProcessBus, TrainRequest, type Progress, type TrainResult } from '@bluewaters/messages';
import {
  datasetKeys,
  encodeManifest,
  encodeOffsets,
  frameRecord,
  imageExample,
  modelKeys,
  readRecords,
  runKeys,
  type Manifest,
  type ManifestShard,
} from '@bluewaters/records';
import { DirectoryStore, type ObjectStore } from '@bluewaters/storage';
import { listCheckpoint, readCheckpoint, type Tensor } from '@bluewaters/tensorflow';
import { syntheticJpeg, temporaryDirectory } from '@bluewaters/testing';
import type { RankPorts } from './run-context.js';
import { train } from './train.js';

/** Classes of the dataset. */
export const SYNSETS = ['n01440764', 'n01443537', 'n01484850'];
/** Examples a step; six steps make an epoch. */
export const BATCH = 16;

const EXAMPLES = { train: 90, validation: 21 };
/** The size of its pictures, in pixels. */
const PICTURE = { width: 30, height: 28 };

/** What a dataset is to be like. */
interface DatasetOptions {
  readonly dataset?: string;
  readonly synsets?: readonly string[];
  readonly examples?: typeof EXAMPLES;
  readonly picture?: typeof PICTURE;
  /** Labels of the validation split's examples, where its pictures are not to have their own. */
  readonly validationLabels?: readonly number[];
}

/** Stores a dataset of a few synsets, each with pictures of its own, and resolves to the manifest's digest. */
export async function storeDataset(
  store: ObjectStore,
  {
    dataset = 'd',
    synsets = SYNSETS,
    examples = EXAMPLES,
    picture = PICTURE,
    validationLabels = [],
  }: DatasetOptions = {},
): Promise<string> {
  const pictures = await Promise.all(synsets.map((_, seed) => syntheticJpeg({ ...picture, seed })));
  const record = (n: number, label = (n % synsets.length) + 1): Uint8Array => {
    const [encoded, synset] = [pictures[n % synsets.length] as Buffer, synsets[label - 1] as string];
    const filename = `${synset}_${n}.JPEG`;
    return frameRecord(imageExample({ encoded, filename, ...picture, label, synset, text: synset, boxes: [] }));
  };
  const storeSplit = async (split: 'train' | 'validation'): Promise<ManifestShard[]> => {
    const shards = [0, 1].map(async (shard) => {
      const numbers = Array.from({ length: examples[split] }, (_, n) => n).filter((n) => n % 2 === shard);
      const labels = split === 'validation' ? validationLabels : [];
      const bytes = Buffer.concat(numbers.map((n) => record(n, labels[n])));
      const key = datasetKeys.shard(dataset, split, shard, 2);
      const written = { size: bytes.length, sha256: sha256(bytes) };
      await store.put(key, bytes);
      const records = [...readRecords(bytes, { file: key })].map(({ offset, length }) => ({ offset, length }));
      await store.put(datasetKeys.offsets(key), encodeOffsets({ ...written, records, build: '0'.repeat(64) }));
      return { key, ...written, examples: numbers.length };
    });
    return Promise.all(shards);
  };
  const manifest: Manifest = {
    format: 'bluewaters.manifest.v1',
    dataset,
    index: '0'.repeat(64),
    seed: 1,
    classes: synsets.map((synset, n) => ({ synset, label: n + 1, words: synset })),
    splits: { train: await storeSplit('train'), validation: await storeSplit('validation') },
  };
  const bytes = encodeManifest(manifest);
  await store.put(datasetKeys.manifest(dataset), bytes);
  return sha256(bytes);
}

/** In hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A place to train in, with a store of its own. */
export async function workplace(store?: ObjectStore) {
  const directory = await temporaryDirectory();
  const kept = store ?? new DirectoryStore(join(directory, 'store'));
  const manifest = await storeDataset(kept);
  const bus = new InProcessBus();
  const said: Progress[] = [];
  const requestWith = (changes: Partial<TrainRequest> = {}): TrainRequest =>
    TrainRequest.parse({
      ...{ run: 'r', dataset: 'd', manifest, model: 'm', network: 'lenet', epochs: 6, batch: BATCH, imageSize: 28 },
      ...{ learningRate: 0.01, momentum: 0.9, weightDecay: 1e-4, seed: 7, checkpointEverySteps: 4, keepCheckpoints: 2 },
      ...changes,
    });
  /** What a process trains with that stops once so many images were seen. */
  const ports = (stopAtImages = Infinity): RankPorts => {
    const stopping = new AbortController();
    return {
      bus,
      store: kept,
      workDirectory: join(directory, `work-${said.length}`),
      threads: 2,
      signal: stopping.signal,
      report: (progress: Progress) => {
        said.push(progress);
        if (progress.phase.startsWith('epoch') && progress.done >= stopAtImages) stopping.abort();
      },
    };
  };
  const start = (changes: Partial<TrainRequest> = {}, stopAtImages = Infinity): Promise<TrainResult> =>
    train(requestWith(changes), ports(stopAtImages));
  /** What a process trains with that stops after exactly so many steps, of which it need not have told anything. */
  const portsFor = (steps: number): RankPorts => {
    const stopping = new AbortController();
    let made = 0;
    // A run looks for orders once after each step.
    const next = (): undefined => {
      made += 1;
      if (made === steps) stopping.abort();
    };
    return { ...ports(), signal: stopping.signal, evaluations: { next, made: () => undefined } };
  };
  const startAndStop = (steps: number, changes: Partial<TrainRequest> = {}): Promise<TrainResult> =>
    train(requestWith(changes), portsFor(steps));
  return { directory, store: kept, bus, said, start, startAndStop, requestWith, ports, portsFor };
}

/** The weights of a registered model. */
export async function weights(store: ObjectStore, version = 1): Promise<string> {
  return sha256(await store.get(`${modelKeys.prefix('m', version)}variables/variables.data-00000-of-00001`));
}

/** All of the checkpoint of a step, accumulators and averages as well; after the first epoch by default. */
export async function checkpoint({ store }: { readonly store: ObjectStore }, step = 6): Promise<string> {
  const prefix = `${runKeys.checkpoints('r')}model.ckpt-${step}`;
  const files = [`${prefix}.index`, `${prefix}.data-00000-of-00001`].map((key) => store.get(key));
  return sha256(Buffer.concat(await Promise.all(files)));
}

/** A variable of the checkpoint of a step; after the first epoch by default. */
export async function kept({ store }: { readonly store: ObjectStore }, name: string, step = 6): Promise<number[]> {
  return variable(store.localPath(`${runKeys.checkpoints('r')}model.ckpt-${step}`) as string, name);
}

/** A variable of a version of the model; of the first by default. */
export async function exported(
  { store }: { readonly store: ObjectStore },
  name: string,
  version = 1,
): Promise<number[]> {
  return variable(store.localPath(`${modelKeys.prefix('m', version)}variables/variables`) as string, name);
}

async function variable(prefix: string, name: string): Promise<number[]> {
  const entry = (await listCheckpoint(prefix)).find((one) => one.name === name);
  using value = (await readCheckpoint(prefix, entry ? [entry] : [])).get(name) as Tensor;
  return [...value.values('float32')];
}
