import type { Output } from '@bluewaters/tensorflow';
import { convolution, dense, flatten, globalMean, joinChannels, pooling } from '../layers.js';
import type { BuildContext, Network } from '../network.js';
import { gridOf } from '../picture-axes.js';
import { dropout } from '../normalisation.js';

/** Without a learnt scale, as TF-slim's and Keras's: the next convolution's weights do its work. */
const NORM = { decay: 0.9, epsilon: 1e-3, scale: false };

/** Weight of the auxiliary head's loss, as TF-slim's. */
const AUXILIARY_WEIGHT = 0.4;

/** One convolution of a branch: filters, window (side, or height and width), and what differs from 1 and SAME. */
type Step = readonly [filters: number, size: number | readonly [number, number], rest?: Unpadded];
interface Unpadded {
  readonly stride: 1 | 2;
  readonly padding: 'VALID';
}
const TRIM: Unpadded = { stride: 1, padding: 'VALID' };
const REDUCE: Unpadded = { stride: 2, padding: 'VALID' };

/** Convolutions one after the other, named conv1, conv2, … under the branch's name. */
function branch(context: BuildContext, x: Output, name: string, steps: readonly Step[]): Output {
  return steps.reduce(
    (y, [filters, size, rest], index) =>
      convolution(context, y, { name: `${name}/conv${index + 1}`, filters, size, norm: NORM, ...rest }),
    x,
  );
}

/** 3 x 3 mean, then a 1 x 1 convolution. */
function poolingBranch(context: BuildContext, x: Output, name: string, filters: number): Output {
  const pooled = pooling(context, x, { name: `${name}/pool`, size: 3, stride: 1, kind: 'mean' });
  return branch(context, pooled, name, [[filters, 1]]);
}

/** Figure 5: the two 3 x 3 convolutions that stand for a 5 x 5, here with the 5 x 5 as in the released network. */
function moduleA(context: BuildContext, x: Output, name: string, poolFilters: number): Output {
  return joinChannels(context, `${name}/concat`, [
    branch(context, x, `${name}/branch1`, [[64, 1]]),
    branch(context, x, `${name}/branch2`, [
      [48, 1],
      [64, 5],
    ]),
    branch(context, x, `${name}/branch3`, [
      [64, 1],
      [96, 3],
      [96, 3],
    ]),
    poolingBranch(context, x, `${name}/branch4`, poolFilters),
  ]);
}

/** Figure 10: from 35 x 35 to 17 x 17. */
function reductionA(context: BuildContext, x: Output, name: string): Output {
  return joinChannels(context, `${name}/concat`, [
    branch(context, x, `${name}/branch1`, [[384, 3, REDUCE]]),
    branch(context, x, `${name}/branch2`, [
      [64, 1],
      [96, 3],
      [96, 3, REDUCE],
    ]),
    pooling(context, x, { name: `${name}/branch3/pool`, size: 3, ...REDUCE }),
  ]);
}

/** Figure 6 with n = 7: 1 x 7 and 7 x 1 convolutions, `filters` wide inside. */
function moduleB(context: BuildContext, x: Output, name: string, filters: number): Output {
  return joinChannels(context, `${name}/concat`, [
    branch(context, x, `${name}/branch1`, [[192, 1]]),
    branch(context, x, `${name}/branch2`, [
      [filters, 1],
      [filters, [1, 7]],
      [192, [7, 1]],
    ]),
    branch(context, x, `${name}/branch3`, [
      [filters, 1],
      [filters, [7, 1]],
      [filters, [1, 7]],
      [filters, [7, 1]],
      [192, [1, 7]],
    ]),
    poolingBranch(context, x, `${name}/branch4`, 192),
  ]);
}

/** From 17 x 17 to 8 x 8. */
function reductionB(context: BuildContext, x: Output, name: string): Output {
  return joinChannels(context, `${name}/concat`, [
    branch(context, x, `${name}/branch1`, [
      [192, 1],
      [320, 3, REDUCE],
    ]),
    branch(context, x, `${name}/branch2`, [
      [192, 1],
      [192, [1, 7]],
      [192, [7, 1]],
      [192, 3, REDUCE],
    ]),
    pooling(context, x, { name: `${name}/branch3/pool`, size: 3, ...REDUCE }),
  ]);
}

/** Figure 7: branches that end in a 1 x 3 beside a 3 x 1. */
function moduleC(context: BuildContext, x: Output, name: string): Output {
  const fork = (y: Output, at: string) => [
    branch(context, y, `${at}/wide`, [[384, [1, 3]]]),
    branch(context, y, `${at}/high`, [[384, [3, 1]]]),
  ];
  const second = branch(context, x, `${name}/branch2`, [[384, 1]]);
  const third = branch(context, x, `${name}/branch3`, [
    [448, 1],
    [384, 3],
  ]);
  return joinChannels(context, `${name}/concat`, [
    branch(context, x, `${name}/branch1`, [[320, 1]]),
    ...fork(second, `${name}/branch2`),
    ...fork(third, `${name}/branch3`),
    poolingBranch(context, x, `${name}/branch4`, 192),
  ]);
}

/** Figure 8: logits from the 17 x 17 grid, for training only. */
function auxiliaryHead(context: BuildContext, x: Output, outputs: number): Output {
  const size = Math.min(5, ...gridOf(context, x));
  let y = pooling(context, x, { name: 'auxiliary/pool', size, stride: 3, padding: 'VALID', kind: 'mean' }); // 5 x 5
  y = convolution(context, y, { name: 'auxiliary/conv1', filters: 128, size: 1, norm: NORM });
  y = convolution(context, y, {
    name: 'auxiliary/conv2',
    filters: 768,
    size: gridOf(context, y), // 5 x 5 at 299 px: one pixel remains
    padding: 'VALID',
    norm: NORM,
  });
  return dense(context, flatten(context, y), { name: 'auxiliary/logits', units: outputs, activation: 'none' });
}

/**
 * Inception, third version, with its auxiliary head while it is trained. Layer by layer the released network of TF-slim
 * and Keras, which the paper's table 1 sums up: 23,851,784 values at 1000 outputs, 34,432 of them statistics, and
 * 3,325,800 parameters more in the auxiliary head.
 *
 * @see Szegedy et al. 2016, "Rethinking the Inception architecture for computer vision", table 1.
 */
export const inceptionV3: Network = {
  name: 'inception-v3',
  description: 'Inception of the third version, for 299 x 299 photographs',
  publication: {
    citation: 'Szegedy et al. 2016, table 1',
    url: 'https://arxiv.org/abs/1512.00567',
    outputs: 1000,
  },
  input: { imageSize: 299, channels: 3, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  recipe: {
    epochs: 100,
    batch: 256,
    learningRate: 0.1,
    momentum: 0.9,
    weightDecay: 4e-5,
    labelSmoothing: 0.1,
    augmentation: ['distorted-crop', 'flip'],
  },
  build(context, images, outputs) {
    let x = images; // [batch, 299, 299, 3]
    x = branch(context, x, 'stem1', [
      [32, 3, REDUCE], // 149 x 149
      [32, 3, TRIM], // 147 x 147
      [64, 3],
    ]);
    x = pooling(context, x, { name: 'stem1/pool', size: 3, ...REDUCE }); // 73 x 73 x 64
    x = branch(context, x, 'stem2', [
      [80, 1],
      [192, 3, TRIM], // 71 x 71
    ]);
    x = pooling(context, x, { name: 'stem2/pool', size: 3, ...REDUCE }); // 35 x 35 x 192
    x = moduleA(context, x, 'mixed0', 32); // 35 x 35 x 256
    x = moduleA(context, x, 'mixed1', 64); // 35 x 35 x 288
    x = moduleA(context, x, 'mixed2', 64); // 35 x 35 x 288
    x = reductionA(context, x, 'mixed3'); // 17 x 17 x 768
    x = moduleB(context, x, 'mixed4', 128); // 17 x 17 x 768
    x = moduleB(context, x, 'mixed5', 160);
    x = moduleB(context, x, 'mixed6', 160);
    x = moduleB(context, x, 'mixed7', 192);
    if (context.training) {
      context.training.addAuxiliaryHead({ logits: auxiliaryHead(context, x, outputs), weight: AUXILIARY_WEIGHT });
    }
    x = reductionB(context, x, 'mixed8'); // 8 x 8 x 1280
    x = moduleC(context, x, 'mixed9'); // 8 x 8 x 2048
    x = moduleC(context, x, 'mixed10'); // 8 x 8 x 2048
    x = dropout(context, globalMean(context, x), { name: 'dropout', rate: 0.2 }); // [batch, 2048]
    return dense(context, x, { name: 'logits', units: outputs, activation: 'none' }); // [batch, outputs]
  },
};
