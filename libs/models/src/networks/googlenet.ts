import type { Output } from '@bluewaters/tensorflow';
import { convolution, dense, flatten, globalMean, joinChannels, pooling } from '../layers.js';
import type { BuildContext, Network } from '../network.js';
import { dropout, localResponseNorm } from '../normalisation.js';
import { gridOf } from '../picture-axes.js';
import { IMAGENET_INPUT } from './imagenet-input.js';

/** A row of table 1: filters of the 1 x 1, of the 3 x 3 behind its reduction, of the 5 x 5 behind its, of the pooling's. */
type Row = readonly [one: number, reduce3: number, three: number, reduce5: number, five: number, pool: number];

/** Inception modules of each stage, by the letter that the paper gives them. */
const STAGES: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  // 28 x 28
  3: {
    a: [64, 96, 128, 16, 32, 32],
    b: [128, 128, 192, 32, 96, 64],
  },
  // 14 x 14
  4: {
    a: [192, 96, 208, 16, 48, 64],
    b: [160, 112, 224, 24, 64, 64],
    c: [128, 128, 256, 24, 64, 64],
    d: [112, 144, 288, 32, 64, 64],
    e: [256, 160, 320, 32, 128, 128],
  },
  // 7 x 7
  5: {
    a: [256, 160, 320, 32, 128, 128],
    b: [384, 192, 384, 48, 128, 128],
  },
};

/** Modules whose output an auxiliary head looks at. */
const WITH_HEAD = ['inception4a', 'inception4d'];

/** Figure 2(b): four branches side by side. */
function inception(context: BuildContext, x: Output, name: string, row: Row): Output {
  const [one, reduce3, three, reduce5, five, pool] = row;
  const conv = (input: Output, branch: string, filters: number, size: number) =>
    convolution(context, input, { name: `${name}/${branch}`, filters, size });
  return joinChannels(context, `${name}/concat`, [
    conv(x, 'conv1x1', one, 1),
    conv(conv(x, 'conv3x3_reduce', reduce3, 1), 'conv3x3', three, 3),
    conv(conv(x, 'conv5x5_reduce', reduce5, 1), 'conv5x5', five, 5),
    conv(pooling(context, x, { name: `${name}/pool`, size: 3, stride: 1 }), 'pool_projection', pool, 1),
  ]);
}

/** Section 5: logits from the middle of the network, for training only. */
function auxiliaryHead(context: BuildContext, x: Output, name: string, outputs: number): Output {
  const size = Math.min(5, ...gridOf(context, x));
  let y = pooling(context, x, { name: `${name}/pool`, size, stride: 3, padding: 'VALID', kind: 'mean' }); // 4 x 4
  y = convolution(context, y, { name: `${name}/conv`, filters: 128, size: 1 });
  y = dense(context, flatten(context, y), { name: `${name}/fc`, units: 1024 });
  y = dropout(context, y, { name: `${name}/dropout`, rate: 0.7 });
  return dense(context, y, { name: `${name}/logits`, units: outputs, activation: 'none' });
}

/** 3 x 3 windows, each side halved. */
function halve(context: BuildContext, x: Output, name: string): Output {
  return pooling(context, x, { name, size: 3, stride: 2 });
}

/**
 * GoogLeNet, the first Inception: 6,998,552 parameters at 1000 outputs, and two auxiliary heads while it is trained.
 *
 * @see Szegedy et al. 2015, "Going deeper with convolutions", table 1 and section 5.
 */
export const googlenet: Network = {
  name: 'googlenet',
  description: 'GoogLeNet, the first Inception, for 224 x 224 photographs',
  publication: {
    citation: 'Szegedy et al. 2015, table 1',
    url: 'https://arxiv.org/abs/1409.4842',
    outputs: 1000,
  },
  input: IMAGENET_INPUT,
  recipe: {
    epochs: 90,
    batch: 128,
    learningRate: 0.01,
    momentum: 0.9,
    weightDecay: 2e-4,
    augmentation: ['distorted-crop', 'flip'],
  },
  build(context, images, outputs) {
    let x = convolution(context, images, { name: 'conv1', filters: 64, size: 7, stride: 2 }); // 112 x 112 x 64
    x = localResponseNorm(context, halve(context, x, 'pool1'), 'norm1'); // 56 x 56
    x = convolution(context, x, { name: 'conv2_reduce', filters: 64, size: 1 });
    x = convolution(context, x, { name: 'conv2', filters: 192, size: 3 });
    x = localResponseNorm(context, x, 'norm2');
    for (const [stage, modules] of Object.entries(STAGES)) {
      x = halve(context, x, `pool${Number(stage) - 1}`); // 28, 14, 7
      for (const [letter, row] of Object.entries(modules)) {
        const name = `inception${stage}${letter}`;
        x = inception(context, x, name, row);
        if (context.training && WITH_HEAD.includes(name)) {
          const logits = auxiliaryHead(context, x, `auxiliary${stage}${letter}`, outputs);
          context.training.addAuxiliaryHead({ logits, weight: 0.3 });
        }
      }
    } // [batch, 7, 7, 1024]
    x = dropout(context, globalMean(context, x), { name: 'dropout', rate: 0.4 });
    return dense(context, x, { name: 'logits', units: outputs, activation: 'none' }); // [batch, outputs]
  },
};
