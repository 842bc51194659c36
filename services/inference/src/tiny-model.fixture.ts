import { encodeModelEntry, encodeSignature, modelKeys, type ModelEntry, type Signature } from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';
import {
  cast,
  defineFunction,
  decodeJpeg,
  gather,
  Graph,
  matMul,
  mean,
  Session,
  softmax,
  topK,
  variable,
  writeSavedModel,
  type Output,
  type Scope,
} from '@bluewaters/tensorflow';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Classes of the tiny model: the colour that a picture has most of. */
const COLOURS = ['red', 'green', 'blue'] as const;

const SIGNATURE: Signature = {
  imageSize: 64,
  channels: 3,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  crop: 'squeeze',
  colourOrder: 'RGB',
  classes: COLOURS.map((words, index) => ({
    label: index + 1,
    synset: `n0000000${index + 1}`,
    words: `${words}, a colour`,
  })),
  outputs: COLOURS.length + 1,
  background: 0,
  inputKey: 'image_bytes',
  outputKeys: ['probabilities', 'top_probabilities', 'top_labels', 'top_synsets'],
};

/** Registers a real SavedModel that tells the colour of a picture, entry last, as training does. */
export async function registerColours(store: ObjectStore, model: string, version: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tiny-model-'));
  const prefix = modelKeys.prefix(model, version);
  const files: ModelEntry['files'] = [];
  try {
    const directory = join(folder, 'model');
    await exportColours(directory);
    for (const file of await readdir(directory, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const path = join(file.parentPath, file.name);
      const bytes = await readFile(path);
      const key = prefix + path.slice(directory.length + 1);
      await store.put(key, bytes);
      files.push({ key, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  await store.put(modelKeys.signature(model, version), encodeSignature(SIGNATURE));
  const signatureKey = modelKeys.signature(model, version);
  const facts = { model, version, run: model, step: 1, top1: 1, files, signatureKey };
  const entry: ModelEntry = { format: 'bluewaters.model.v1', ...facts, createdAt: '2026-01-01T00:00:00.000Z' };
  await store.put(modelKeys.entry(model, version), encodeModelEntry(entry));
}

/** Each colour votes for its own class, background for none. */
const WEIGHTS = [
  [0, 0.05, 0, 0],
  [0, 0, 0.05, 0],
  [0, 0, 0, 0.05],
];

async function exportColours(directory: string): Promise<void> {
  using graph = new Graph();
  const scope = graph.scope();
  const pictures = scope.placeholder('string', [null], { name: 'image_bytes' });
  const weights = variable(scope, 'weights', {
    dtype: 'float32',
    shape: [3, 4],
    initializer: (inner) => inner.constant(WEIGHTS),
  });
  const probabilities = softmax(scope, matMul(scope, meanColours(scope, pictures), weights.value)); // [batch, 4]
  const { values, indices } = topK(scope, probabilities, 3); // [batch, 3]
  const names = scope.constant(['background', ...SIGNATURE.classes.map(({ synset }) => synset)]);
  const synsets = gather(scope, names, indices);
  const outputs = { probabilities, top_probabilities: values, top_labels: indices, top_synsets: synsets };
  using session = new Session(graph);
  await session.run({ targets: [weights.initializer] });
  const signatures = { serving_default: { inputs: { image_bytes: pictures }, outputs } };
  await writeSavedModel(directory, { graph, session, signatures, variables: [weights] });
}

/** float32 [batch, 3]: the mean of each channel, 0 to 255. */
function meanColours(scope: Scope, pictures: Output): Output {
  using body = defineFunction('mean_colour', [{ dtype: 'string', shape: [] }], (inner, [jpeg]) => [
    mean(inner, cast(inner, decodeJpeg(inner, jpeg!, { channels: 3 }), 'float32'), { axes: [0, 1] }),
  ]);
  return scope
    .op('MapDefun', {
      inputs: [[pictures], []],
      attributes: { Targuments: ['string'], output_types: ['float32'], output_shapes: [[3]], f: body },
    })
    .output();
}
