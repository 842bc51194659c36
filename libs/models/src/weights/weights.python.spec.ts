import { execFile, execFileSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Graph, pack, saver, Session, Tensor } from '@bluewaters/tensorflow';
import { syntheticJpeg, temporaryDirectory } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importWeights, networkByName, openWeights, preprocess, publishedWeights, VariableStore } from '../index.js';

const python = process.env['BLUEWATERS_PYTHON'];
const data = process.env['BLUEWATERS_DATA'];
const PROGRAM = fileURLToPath(new URL('../../python/published_weights.py', import.meta.url));
const CLASSES = 12;
const OUTPUTS = CLASSES + 1;

/**
 * A network, the file that is written, and about the smallest pictures that it takes. TF-slim's have a background class,
 * as its published Inception has.
 */
const CASES = [
  { network: 'vgg-16', file: 'vgg-16/', size: 64, what: 'a SavedModel' },
  { network: 'vgg-19', file: 'vgg-19-only.h5', size: 32, what: 'a file of weights alone' },
  { network: 'inception-v3', file: 'inception-v3.h5', size: 80, what: 'a file of the whole model' },
  { network: 'resnet-50-v1', file: 'resnet-50-v1.h5', size: 64, what: 'a file of the whole model' },
  { network: 'resnet-50-v2-keras', file: 'resnet-50-v2.weights.h5', size: 64, what: "Keras 3's file of weights" },
  { network: 'vgg-16', file: 'vgg-16.ckpt', size: 64, what: "TF-slim's checkpoint" },
  { network: 'inception-v3', file: 'inception-v3.ckpt', size: 80, what: "TF-slim's checkpoint" },
] as const;

const isSlim = (file: string): boolean => file.endsWith('.ckpt');

/** Logits by picture. */
type Logits = readonly (readonly number[])[];

/** Three pictures: ImageNet's where they are, else drawn ones. */
async function pictures(folder: string): Promise<string[]> {
  if (data !== undefined) {
    const untar = (...args: string[]) => execFileSync('tar', args, { cwd: folder, encoding: 'utf8' });
    const [synset = ''] = untar('xvf', join(data, 'imagenette224/Images.tar'), 'n01440764.tar').trim().split('\n');
    return untar('tf', synset)
      .split('\n')
      .slice(0, 3)
      .map((name) => (untar('xf', synset, name), join(folder, name)));
  }
  return Promise.all(
    [1, 2, 3].map(async (seed) => {
      const file = join(folder, `${seed}.jpeg`);
      await writeFile(file, await syntheticJpeg({ width: 90, height: 70, seed }));
      return file;
    }),
  );
}

/** The logits of a network of ours with weights from a file, one row for each picture. */
async function logitsOf(name: string, file: string, { size, jpegs }: { size: number; jpegs: readonly Buffer[] }) {
  using source = await openWeights(file);
  const network = networkByName(name);
  const { input } = publishedWeights(network, source);
  using graph = new Graph();
  const scope = graph.scope();
  const variables = new VariableStore(scope, 1);
  const images = jpegs.map((_, i) => scope.placeholder('string', [], { name: `jpeg${i}` }));
  const seen = images.map((jpeg) =>
    preprocess(scope, jpeg, { ...input, crop: 'squeeze', imageSize: size, channels: 3 }),
  );
  const logits = network.build({ scope, variables }, pack(scope, seen), OUTPUTS);
  const keeper = saver(scope, variables.variables);
  using session = new Session(graph);
  const report = await importWeights(source, { network, outputs: OUTPUTS, saver: keeper, session });
  const fed = jpegs.map((jpeg) => Tensor.scalar('string', jpeg));
  const [fetched] = await session.run({ feeds: images.map((image, i) => [image, fed[i]!]), fetches: [logits] });
  for (const tensor of fed) tensor[Symbol.dispose]();
  using tensor = fetched!;
  const values = tensor.numbers();
  const rows = jpegs.map((_, i) => values.slice(i * OUTPUTS, (i + 1) * OUTPUTS));
  return { rows, report, variables: variables.variables.length };
}

function largest(values: readonly number[]): number {
  return Math.max(...values.map(Math.abs));
}

describe.skipIf(!python)('published weights', { timeout: 180_000 }, () => {
  let folder: string;
  let files: string[];
  let theirs: Logits[];

  beforeAll(async () => {
    folder = await temporaryDirectory();
    files = await pictures(folder);
    const cases = CASES.map((one) => ({
      ...one,
      file: join(folder, one.file),
      classes: isSlim(one.file) ? OUTPUTS : CLASSES,
    }));
    const request = JSON.stringify({ cases, pictures: files });
    const { stdout } = await promisify(execFile)(python!, ['-B', PROGRAM, request], {
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '' },
      maxBuffer: 1 << 24,
    });
    theirs = JSON.parse(stdout.trim().split('\n').at(-1)!) as Logits[];
  }, 180_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(CASES)('give $network the logits that they give in Python, from $what', async ({ network, file, size }) => {
    const jpegs = await Promise.all(files.map((name) => readFile(name)));
    const { rows, report, variables } = await logitsOf(network, join(folder, file), { size, jpegs });
    const expected = theirs[CASES.findIndex((one) => one.file === file)]!;
    const first = isSlim(file) ? 0 : 1;
    const difference = largest(expected.flatMap((row, i) => row.map((value, n) => rows[i]![n + first]! - value)));
    // What the pictures change in the logits, so that what they have in common makes nothing look equal.
    const scale = largest(expected.flatMap((row) => row.map((value, n) => value - expected[0]![n]!)));
    expect(difference / scale).toBeLessThan(1e-4);
    expect(report.imported).toHaveLength(variables);
    const leftOut = file === 'inception-v3.ckpt' ? ['InceptionV3/AuxLogits/Conv2d_2b_1x1/biases'] : [];
    expect(report).toMatchObject({ fresh: [], leftOut, labelsShifted: !isSlim(file) });
  });
});
