/** Inception v3 as Keras applications and TF-slim have it. */
import { layersInOrder } from './keras-names.js';
import { copied, head, kerasNormalised, type MappedFile, type Mapping, type Origin } from './origins.js';

/** How many convolutions each module has in each branch, and which end in a 1 x 3 beside a 3 x 1. */
const MODULES: readonly (readonly [module: string, branches: Readonly<Record<string, number>>])[] = [
  ...(['mixed0', 'mixed1', 'mixed2'] as const).map(
    (module) => [module, { branch1: 1, branch2: 2, branch3: 3, branch4: 1 }] as const,
  ),
  ['mixed3', { branch1: 1, branch2: 3 }],
  ...(['mixed4', 'mixed5', 'mixed6', 'mixed7'] as const).map(
    (module) => [module, { branch1: 1, branch2: 3, branch3: 5, branch4: 1 }] as const,
  ),
  ['mixed8', { branch1: 2, branch2: 4 }],
  ...(['mixed9', 'mixed10'] as const).map(
    (module) =>
      [
        module,
        {
          branch1: 1,
          branch2: 1,
          'branch2/wide': 1,
          'branch2/high': 1,
          branch3: 2,
          'branch3/wide': 1,
          'branch3/high': 1,
          branch4: 1,
        },
      ] as const,
  ),
];

/** Our convolutions, 94 of them, in the order in which the network has them; Keras made its own in the same one. */
const CONVOLUTIONS: readonly string[] = [
  ...['stem1/conv1', 'stem1/conv2', 'stem1/conv3', 'stem2/conv1', 'stem2/conv2'],
  ...MODULES.flatMap(([module, branches]) =>
    Object.entries(branches).flatMap(([branch, count]) =>
      Array.from({ length: count }, (_, i) => `${module}/${branch}/conv${i + 1}`),
    ),
  ),
];

/** Keras numbers its layers, `conv2d`, `conv2d_1`, … @see keras/src/applications/inception_v3.py */
export const kerasInceptionV3: Mapping = (file) => {
  const convolutions = layersInOrder(file.tensors.keys(), 'conv2d');
  const norms = layersInOrder(file.tensors.keys(), 'batch_normalization');
  return new Map([
    ...CONVOLUTIONS.flatMap((name, i) => {
      const [convolution, norm] = [convolutions[i] ?? `conv2d_${i}`, norms[i] ?? `batch_normalization_${i}`];
      return kerasNormalised(name, { convolution, norm }, file);
    }),
    ...head('logits', { weights: 'predictions/kernel', biases: 'predictions/bias' }, file),
  ]);
};

/** TF-slim's names of our convolutions, in their order; it spells a few of them unlike the rest. */
const SLIM_CONVOLUTIONS: readonly string[] = [
  ...['Conv2d_1a_3x3', 'Conv2d_2a_3x3', 'Conv2d_2b_3x3', 'Conv2d_3b_1x1', 'Conv2d_4a_3x3'],
  ...['b', 'c', 'd'].flatMap((letter) => slimModuleA(`Mixed_5${letter}`, letter === 'c')),
  ...under('Mixed_6a', {
    Branch_0: ['Conv2d_1a_1x1'],
    Branch_1: ['Conv2d_0a_1x1', 'Conv2d_0b_3x3', 'Conv2d_1a_1x1'],
  }),
  ...['b', 'c', 'd', 'e'].flatMap((letter) => slimModuleB(`Mixed_6${letter}`)),
  ...under('Mixed_7a', {
    Branch_0: ['Conv2d_0a_1x1', 'Conv2d_1a_3x3'],
    Branch_1: ['Conv2d_0a_1x1', 'Conv2d_0b_1x7', 'Conv2d_0c_7x1', 'Conv2d_1a_3x3'],
  }),
  ...slimModuleC('Mixed_7b', 'Conv2d_0b_3x1'),
  ...slimModuleC('Mixed_7c', 'Conv2d_0c_3x1'),
];

function under(module: string, branches: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.entries(branches).flatMap(([branch, layers]) => layers.map((layer) => `${module}/${branch}/${layer}`));
}

function slimModuleA(module: string, odd: boolean): string[] {
  return under(module, {
    Branch_0: ['Conv2d_0a_1x1'],
    Branch_1: odd ? ['Conv2d_0b_1x1', 'Conv_1_0c_5x5'] : ['Conv2d_0a_1x1', 'Conv2d_0b_5x5'],
    Branch_2: ['Conv2d_0a_1x1', 'Conv2d_0b_3x3', 'Conv2d_0c_3x3'],
    Branch_3: ['Conv2d_0b_1x1'],
  });
}

function slimModuleB(module: string): string[] {
  return under(module, {
    Branch_0: ['Conv2d_0a_1x1'],
    Branch_1: ['Conv2d_0a_1x1', 'Conv2d_0b_1x7', 'Conv2d_0c_7x1'],
    Branch_2: ['Conv2d_0a_1x1', 'Conv2d_0b_7x1', 'Conv2d_0c_1x7', 'Conv2d_0d_7x1', 'Conv2d_0e_1x7'],
    Branch_3: ['Conv2d_0b_1x1'],
  });
}

function slimModuleC(module: string, high: string): string[] {
  return under(module, {
    Branch_0: ['Conv2d_0a_1x1'],
    Branch_1: ['Conv2d_0a_1x1', 'Conv2d_0b_1x3', high],
    Branch_2: ['Conv2d_0a_1x1', 'Conv2d_0b_3x3', 'Conv2d_0c_1x3', 'Conv2d_0d_3x1'],
    Branch_3: ['Conv2d_0b_1x1'],
  });
}

const SLIM_PARTS = ['weights', 'BatchNorm/beta', 'BatchNorm/moving_mean', 'BatchNorm/moving_variance'];

function slimNormalised(ours: string, theirs: string): [string, Origin][] {
  return SLIM_PARTS.map((part) => [`${ours}/${part}`, copied(`InceptionV3/${theirs}/${part}`)]);
}

function slimHead(ours: string, theirs: string, file: MappedFile): [string, Origin][] {
  const layer = `InceptionV3/${theirs}`;
  return head(ours, { weights: `${layer}/weights`, biases: `${layer}/biases` }, file);
}

/** With a background class, as published. @see tensorflow/models, research/slim/nets/inception_v3.py */
export const slimInceptionV3: Mapping = (file) =>
  new Map([
    ...CONVOLUTIONS.flatMap((name, i) => slimNormalised(name, SLIM_CONVOLUTIONS[i] ?? '')),
    ...slimHead('logits', 'Logits/Conv2d_1c_1x1', file),
    ...slimNormalised('auxiliary/conv1', 'AuxLogits/Conv2d_1b_1x1'),
    ...slimNormalised('auxiliary/conv2', 'AuxLogits/Conv2d_2a_5x5'),
    ...slimHead('auxiliary/logits', 'AuxLogits/Conv2d_2b_1x1', file),
  ]);
