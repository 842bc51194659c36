import { execFile, execFileSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Graph, pack, saver, Session, Tensor } from '@bluewaters/tensorflow';
import { syntheticJpeg, temporaryDirectory } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importWeights, networkByName, openWeights, preprocess, publishedWeights, VariableStore } from '../index.js';
import { fitOf } from './fit.fixture.js';

const python = process.env['BLUEWATERS_PYTHON'];
const data = process.env['BLUEWATERS_DATA'];
const PROGRAM = fileURLToPath(new URL('../../python/published_weights.py', import.meta.url));

/** A network, the file that is written, about the smallest pictures that it takes, and what is said of the file. */
interface Case {
  readonly network: string;
  readonly file: string;
  readonly size: number;
  readonly what: string;
  /** Few by default. */
  readonly classes?: number;
}

/** TF-slim's have a background class, as its published Inception has. One is of the size that is published. */
const CASES: readonly Case[] = [
  { network: 'vgg-19', file: 'vgg-19-only.h5', size: 32, what: 'a file of weights alone' },
  { network: 'inception-v3', file: 'inception-v3.h5', size: 80, what: 'a file of the whole model' },
  { network: 'resnet-50-v1', file: 'resnet-50-v1.h5', size: 224, classes: 1000, what: 'a file of the whole model' },
  { network: 'resnet-50-v1', file: 'resnet-50-v1/', size: 64, what: 'a SavedModel' },
  { network: 'resnet-50-v2-keras', file: 'resnet-50-v2.weights.h5', size: 64, what: "Keras 3's file of weights" },
  { network: 'vgg-16', file: 'vgg-16.ckpt', size: 64, what: "TF-slim's checkpoint" },
  { network: 'inception-v3', file: 'inception-v3.ckpt', size: 80, what: "TF-slim's checkpoint" },
  { network: 'resnet-50-v1-slim', file: 'resnet-v1.ckpt', size: 64, what: "TF-slim's own checkpoint" },
  { network: 'resnet-50-v2-slim', file: 'resnet-v2.ckpt', size: 64, what: "TF-slim's own checkpoint" },
];

/** Only the names and the shapes of their weights are asked for. */
const DEEP = [...['resnet-101-v1', 'resnet-152-v1'], ...['resnet-101-v1-slim', 'resnet-152-v2-slim']];

/** What a prediction needs nothing of. */
const AUXILIARY = [
  ...['Conv2d_1b_1x1', 'Conv2d_2a_5x5'].flatMap((layer) =>
    ['BatchNorm/beta', 'BatchNorm/moving_mean', 'BatchNorm/moving_variance', 'weights'].map(
      (part) => `${layer}/${part}`,
    ),
  ),
  ...['Conv2d_2b_1x1/biases', 'Conv2d_2b_1x1/weights'],
].map((name) => `InceptionV3/AuxLogits/${name}`);

const outputsOf = ({ classes = 12 }: Case): number => classes + 1;

const isSlim = (file: string): boolean => file.endsWith('.ckpt');

/** Logits by picture. */
type Logits = readonly (readonly number[])[];

/** What Python answers: to the cases, to each of the deep networks, and to a picture of which the middle is asked for. */
interface Answers {
  readonly logits: readonly Logits[];
  readonly shapes: readonly Readonly<Record<string, readonly number[]>>[];
  readonly middles: readonly (readonly number[])[];
}

/** tar in a folder. */
function untarIn(folder: string): (...args: string[]) => string {
  return (...args) => execFileSync('tar', args, { cwd: folder, encoding: 'utf8' });
}

/** A picture that lies and one that stands, of sides of which 7/8 and 256 are whole: ImageNet's where they are. */
async function oblongs(folder: string): Promise<string[]> {
  if (data !== undefined) {
    const untar = untarIn(folder);
    return ['n02105162', 'n01608432'].map((synset) => {
      untar('xf', join(data, 'imagenet-samples/Images.tar'), `${synset}.tar`);
      untar('xf', `${synset}.tar`);
      return join(folder, `${synset}_1.JPEG`);
    });
  }
  const sides = [[500, 400], [400, 500]] as const; // prettier-ignore
  return Promise.all(
    sides.map(async ([width, height]) => {
      const file = join(folder, `${width}.jpeg`);
      await writeFile(file, await syntheticJpeg({ width, height, seed: width }));
      return file;
    }),
  );
}

/** Three pictures: ImageNet's where they are, else drawn ones. */
async function pictures(folder: string): Promise<string[]> {
  if (data !== undefined) {
    const untar = untarIn(folder);
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
async function logitsOf(file: string, { jpegs, ...of }: Case & { readonly jpegs: readonly Buffer[] }) {
  using source = await openWeights(file);
  const [network, outputs] = [networkByName(of.network), outputsOf(of)];
  const { input } = publishedWeights(network, source);
  using graph = new Graph();
  const scope = graph.scope();
  const variables = new VariableStore(scope, 1);
  const images = jpegs.map((_, i) => scope.placeholder('string', [], { name: `jpeg${i}` }));
  const seen = images.map((jpeg) =>
    preprocess(scope, jpeg, { ...input, crop: 'squeeze', imageSize: of.size, channels: 3 }),
  );
  const logits = network.build({ scope, variables }, pack(scope, seen), outputs);
  const keeper = saver(scope, variables.variables);
  using session = new Session(graph);
  const report = await importWeights(source, { network, outputs, saver: keeper, session });
  const fed = jpegs.map((jpeg) => Tensor.scalar('string', jpeg));
  const [fetched] = await session.run({ feeds: images.map((image, i) => [image, fed[i]!]), fetches: [logits] });
  for (const tensor of fed) tensor[Symbol.dispose]();
  using tensor = fetched!;
  const values = tensor.numbers();
  const rows = jpegs.map((_, i) => values.slice(i * outputs, (i + 1) * outputs));
  return { rows, report, variables: variables.variables.length };
}

function largest(values: readonly number[]): number {
  return Math.max(...values.map(Math.abs));
}

/** What a network of TF-slim's names sees of a picture. */
async function seenBySlim(jpeg: Buffer, imageSize: number): Promise<number[]> {
  const { input } = publishedWeights(networkByName('vgg-16'), { naming: 'slim' });
  using graph = new Graph();
  const scope = graph.scope();
  const given = scope.placeholder('string', []);
  const seen = preprocess(scope, given, { ...input, imageSize, channels: 3 });
  using session = new Session(graph);
  using fed = Tensor.scalar('string', jpeg);
  const [fetched] = await session.run({ feeds: [[given, fed]], fetches: [seen] });
  using tensor = fetched!;
  return tensor.numbers();
}

describe.skipIf(!python)('published weights', { timeout: 180_000 }, () => {
  let folder: string;
  let files: string[];
  let middles: string[];
  let theirs: Answers;

  beforeAll(async () => {
    folder = await temporaryDirectory();
    files = await pictures(folder);
    middles = await oblongs(folder);
    const cases = CASES.map((one) => ({
      ...one,
      file: join(folder, one.file),
      classes: isSlim(one.file) ? outputsOf(one) : outputsOf(one) - 1,
    }));
    const deep = DEEP.map((network) => ({ network, size: 32, classes: 1000 }));
    const cut = middles.map((picture) => ({ picture, size: 224 }));
    const request = JSON.stringify({ cases: [...cases, ...deep, ...cut], pictures: files });
    const { stdout } = await promisify(execFile)(python!, ['-B', PROGRAM, request], {
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '' },
      maxBuffer: 1 << 24,
    });
    const all = JSON.parse(stdout.trim().split('\n').at(-1)!) as unknown[];
    theirs = {
      logits: all.slice(0, CASES.length) as Logits[],
      shapes: all.slice(CASES.length, -middles.length) as Record<string, number[]>[],
      middles: all.slice(-middles.length) as number[][],
    };
  }, 400_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(CASES)('give $network the logits that they give in Python, from $what, at $size pixels', async (one) => {
    const { file } = one;
    const jpegs = await Promise.all(files.map((name) => readFile(name)));
    const { rows, report, variables } = await logitsOf(join(folder, file), { ...one, jpegs });
    const expected = theirs.logits[CASES.indexOf(one)]!;
    const first = isSlim(file) ? 0 : 1;
    const difference = largest(expected.flatMap((row, i) => row.map((value, n) => rows[i]![n + first]! - value)));
    // What the pictures change in the logits, so that what they have in common makes nothing look equal.
    const scale = largest(expected.flatMap((row) => row.map((value, n) => value - expected[0]![n]!)));
    expect(difference / scale).toBeLessThan(1e-4);
    expect(report.imported).toHaveLength(variables);
    expect(report.leftOut.toSorted()).toEqual(file === 'inception-v3.ckpt' ? AUXILIARY : []);
    expect(report).toMatchObject({ fresh: [], labelsShifted: !isSlim(file) });
  });

  it.each(DEEP)('of %s have a tensor in Python for each variable, of its shape, and none more', (network) => {
    const tensors = new Map(Object.entries(theirs.shapes[DEEP.indexOf(network)]!));
    const naming = network.endsWith('-slim') ? 'slim' : 'keras';
    const { misfits, variables } = fitOf(network, { naming, tensors, outputs: 1001, size: 224 });
    expect(misfits).toEqual([]);
    expect(variables.filter((name) => name.endsWith('/conv3/weights'))).toHaveLength(
      [...tensors.keys()].filter((name) => /_3_conv\/kernel$|\/conv3\/weights$/u.test(name)).length,
    );
  });

  it('of TF-slim see the middle that they were trained for: 224 of 256 pixels of the shorter side', async () => {
    for (const [i, picture] of middles.entries()) {
      const found = await seenBySlim(await readFile(picture), 224);
      const differences = theirs.middles[i]!.map((value, at) => Math.abs(value - found[at]!));
      expect(differences).toHaveLength(224 * 224 * 3);
      // Only at the rim, where JPEG's colours are smoothed otherwise, is a pixel another one.
      expect(differences.reduce((sum, value) => sum + value) / differences.length).toBeLessThan(0.1);
    }
  });
});
