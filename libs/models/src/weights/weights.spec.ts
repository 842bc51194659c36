import { readFileSync } from 'node:fs';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Graph, saver, Session } from '@bluewaters/tensorflow';
import { temporaryDirectory } from '@bluewaters/testing';
import { File, ready } from 'h5wasm/node';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  importWeights,
  listPublished,
  networkByName,
  openWeights,
  VariableStore,
  type WeightSource,
} from '../index.js';
import { fitOf } from './fit.fixture.js';
import { head, kerasNormalised } from './origins.js';

/** A file as `save_weights` of Keras 2 wrote it. */
async function writeKeras2(file: string, layers: Record<string, Record<string, readonly number[]>>): Promise<void> {
  await ready;
  const opened = new File(file, 'w');
  const names = Object.keys(layers);
  // As it cuts a list that is too long for one attribute.
  opened.create_attribute('layer_names0', names.slice(0, 1));
  opened.create_attribute('layer_names1', names.slice(1));
  for (const [layer, weights] of Object.entries(layers)) {
    const group = opened.create_group(layer);
    group.create_attribute(
      'weight_names',
      Object.keys(weights).map((weight) => `${layer}/${weight}:0`),
    );
    const own = group.create_group(layer);
    for (const [weight, values] of Object.entries(weights)) {
      own.create_dataset({ name: `${weight}:0`, data: Float32Array.from(values), shape: [values.length] });
    }
  }
  opened.close();
}

/** Tensors of those shapes, in a file of Keras's. */
function sourceOf(tensors: ReadonlyMap<string, readonly number[]>): WeightSource {
  const read = (name: string): ReturnType<WeightSource['read']> => Promise.reject(new Error(`${name} was read`));
  return { file: 'vgg.h5', naming: 'keras', tensors, read, [Symbol.dispose]: () => undefined };
}

const CONVOLUTIONS = [2, 2, 3, 3, 3].flatMap((count, stage) =>
  Array.from({ length: count }, (_, i) => `block${stage + 1}_conv${i + 1}`),
);
const VGG_16 = new Map(
  [...CONVOLUTIONS, 'fc1', 'fc2', 'predictions'].flatMap((layer) => [
    [`${layer}/kernel`, [1]] as const,
    [`${layer}/bias`, [layer === 'predictions' ? 12 : 1]] as const,
  ]),
);

async function importInto(network: string, source: WeightSource, newLayers: readonly string[] = []): Promise<unknown> {
  using graph = new Graph();
  const scope = graph.scope();
  const variables = new VariableStore(scope, 1);
  networkByName(network).build({ scope, variables }, scope.placeholder('float32', [null, 32, 32, 3]), 13);
  using session = new Session(graph);
  const keeper = saver(scope, variables.variables);
  return await importWeights(source, {
    network: networkByName(network),
    outputs: 13,
    saver: keeper,
    session,
    newLayers,
  });
}

describe('a file of published weights', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await temporaryDirectory();
  });

  it('of Keras 2 gives its tensors by layer and weight', async () => {
    const file = join(folder, 'weights.h5');
    await writeKeras2(file, { conv1: { kernel: [1, 2, 3], bias: [4] }, bn: { moving_mean: [5] } });
    using source = await openWeights(file);
    expect([...source.tensors]).toEqual([
      ['conv1/kernel', [3]],
      ['conv1/bias', [1]],
      ['bn/moving_mean', [1]],
    ]);
    expect(await source.read('conv1/kernel')).toEqual({ shape: [3], values: Float32Array.of(1, 2, 3) });
  });

  it('that is not there, is something else, or holds no layers is refused by name', async () => {
    const [text, empty, cut] = ['text.h5', 'empty.h5', 'cut.h5'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(text, 'no weights');
    await writeKeras2(empty, {});
    await writeKeras2(cut, { conv1: { kernel: [1] } });
    await truncate(cut, 700);
    await expect(openWeights(join(folder, 'none'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    for (const file of [text, empty, cut]) {
      await expect(openWeights(file)).rejects.toMatchObject({ code: 'WEIGHTS_INVALID', details: { file } });
    }
  });

  it('must have a tensor for each variable and a variable for each tensor, and the error names both', async () => {
    const tensors = new Map([...VGG_16, ['block6_conv1/kernel', [1]]] as const);
    tensors.delete('block3_conv2/bias');
    await expect(importInto('vgg-16', sourceOf(tensors))).rejects.toMatchObject({
      code: 'WEIGHTS_INVALID',
      details: {
        file: 'vgg.h5',
        got: 'nothing for conv3_2/biases (from block3_conv2/bias); no variable for block6_conv1/kernel',
      },
    });
  });

  it('may lack the layers that are to start anew, and no others', async () => {
    const tensors = new Map([...VGG_16].filter(([name]) => !/^(?:fc\d|predictions)/u.test(name)));
    await expect(importInto('vgg-16', sourceOf(tensors), ['logits'])).rejects.toMatchObject({
      details: { got: expect.stringMatching(/^nothing for fc6.weights.*fc7.biases \(from fc2.bias\)$/u) as string },
    });
    const anew = importInto('vgg-16', sourceOf(tensors), ['logits', 'fc6', 'fc7']);
    await expect(anew).rejects.toThrow('block1_conv1/kernel was read');
  });

  it('is refused for a network whose weights are known by no such names', async () => {
    await expect(importInto('lenet', sourceOf(VGG_16))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: { field: 'network', got: 'lenet' },
    });
  });
});

type Shapes = [tensor: string, shape: readonly number[]][];

/** A layer of TF-slim's, with its biases or its batch normalisation, which learns no scale. */
function slimLayer(name: string, weights: readonly number[], rest: 'biases' | 'BatchNorm'): Shapes {
  const parts =
    rest === 'biases' ? [rest] : ['beta', 'moving_mean', 'moving_variance'].map((part) => `${rest}/${part}`);
  return [[`${name}/weights`, weights], ...parts.map((part): Shapes[number] => [`${name}/${part}`, weights.slice(-1)])];
}

describe('the names of TF-slim', () => {
  it('of VGG-19 at its published size are one for each variable, of its shape', () => {
    // As slim.repeat(inputs, 2, slim.conv2d, 64, [3, 3], scope='conv1') and so on names them, in nets/vgg.py.
    const repeats = [[2, 3, 64], [2, 64, 128], [4, 128, 256], [4, 256, 512], [4, 512, 512]] as const; // prettier-ignore
    const convolutions = repeats.flatMap(([times, inputs, filters], i) =>
      Array.from({ length: times }, (_, n) => {
        const scope = `vgg_19/conv${i + 1}/conv${i + 1}_${n + 1}`;
        return slimLayer(scope, [3, 3, n === 0 ? inputs : filters, filters], 'biases');
      }).flat(),
    );
    const tensors = new Map([
      ...convolutions,
      ...slimLayer('vgg_19/fc6', [7, 7, 512, 4096], 'biases'),
      ...slimLayer('vgg_19/fc7', [1, 1, 4096, 4096], 'biases'),
      ...slimLayer('vgg_19/fc8', [1, 1, 4096, 1000], 'biases'),
    ]);
    expect(tensors.size).toBe(2 * 19);
    const { misfits } = fitOf('vgg-19', { naming: 'slim', tensors, outputs: 1001, size: 224 });
    expect(misfits).toEqual([]);
  });

  it("of Inception v3's auxiliary head are one for each of its variables while it is trained, of its shape", () => {
    const head = 'InceptionV3/AuxLogits';
    const tensors = new Map([
      ...slimLayer(`${head}/Conv2d_1b_1x1`, [1, 1, 768, 128], 'BatchNorm'),
      ...slimLayer(`${head}/Conv2d_2a_5x5`, [5, 5, 128, 768], 'BatchNorm'),
      ...slimLayer(`${head}/Conv2d_2b_1x1`, [1, 1, 768, 1001], 'biases'),
    ]);
    const { misfits, variables } = fitOf('inception-v3', {
      ...{ naming: 'slim', tensors, outputs: 1001, size: 299, training: true },
    });
    expect(misfits.filter((misfit) => !/^(?!auxiliary)\S+ has nothing$/u.test(misfit))).toEqual([]);
    expect(variables.filter((name) => name.startsWith('auxiliary/'))).toHaveLength(tensors.size);
  });
});

describe('docs/weights.md', () => {
  it('lists every network that weights are known for, and what their pictures look like', () => {
    const page = readFileSync(new URL('../../../../docs/weights.md', import.meta.url), 'utf8');
    const rows = page.split('\n').filter((line) => line.startsWith('| `'));
    const cells = rows.map((row) => row.split('|').slice(1, -1));
    expect(cells.map((row) => row.map((cell) => cell.trim()))).toEqual(
      listPublished().map(({ network, naming, input }) => {
        const range = input.std[0] === 0.5 ? '-1 to 1' : '0 to 255 less the mean';
        return [`\`${network}\``, naming, `${input.colourOrder}, ${range}, ${input.crop}`];
      }),
    );
    expect(listPublished().map(({ network }) => networkByName(network).name)).toHaveLength(rows.length);
  });
});

describe('what is made of published tensors', () => {
  const tensor = (shape: readonly number[], values: readonly number[]) => ({
    shape,
    values: Float32Array.from(values),
  });

  it('gives a last layer without a background one that never wins, in front', () => {
    const file = { tensors: new Map([['p/bias', [2]]]), outputs: 3 };
    const [[, weights], [, biases]] = head('logits', { weights: 'p/kernel', biases: 'p/bias' }, file) as [
      ReturnType<typeof head>[number],
      ReturnType<typeof head>[number],
    ];
    expect(weights.make(tensor([2, 2], [1, 2, 3, 4]))).toEqual(tensor([2, 3], [0, 1, 2, 0, 3, 4]));
    const { shape, values } = biases.make(tensor([2], [5, 6]));
    expect([shape, values.slice(1)]).toEqual([[3], Float32Array.of(5, 6)]);
    expect(Math.fround(Math.exp(values[0]! - 6))).toBe(0);
  });

  it('takes the bias of a convolution into the moving mean behind it', () => {
    const tensors = new Map([['c/bias', [2]]]);
    const origins = new Map(kerasNormalised('conv1', { convolution: 'c', norm: 'n' }, { tensors, outputs: 3 }));
    const mean = origins.get('conv1/BatchNorm/moving_mean')!;
    expect(mean.tensors).toEqual(['n/moving_mean', 'c/bias']);
    expect(mean.make(tensor([2], [3, 4]), tensor([2], [1, 6]))).toEqual(tensor([2], [2, -2]));
  });
});
