import { add, max, mul, relu, type Output } from '@bluewaters/tensorflow';
import { convolution, dense, pooling } from '../layers.js';
import type { BuildContext, Network } from '../network.js';
import { batchNorm } from '../normalisation.js';
import { axesOf } from '../picture-axes.js';

const NORM = { decay: 0.9, epsilon: 1.001e-5 };

/** Channels of the first layer; 64 in the original. Arithmetic grows with the square. */
const WIDTH = 24;
const WIDE = 128;

/** What the logits are multiplied by, so that they start small. */
const LOGIT_SCALE = 0.125;

/**
 * A convolution, and the largest value of each 2 x 2 window, which is taken before the normalisation: that has a quarter
 * of the values to pass over then.
 */
function halving(context: BuildContext, x: Output, name: string, filters: number): Output {
  const bare = { size: 3, bias: false, activation: 'none' } as const;
  const y = convolution(context, x, { name: `${name}/conv`, filters, ...bare });
  const halved = pooling(context, y, { name: `${name}/pool`, size: 2, stride: 2 });
  const inner = { ...context, scope: context.scope.child(`${name}/norm`) };
  return relu(inner.scope, batchNorm(inner, halved, { name: `${name}/norm/BatchNorm`, ...NORM }));
}

/** Two convolutions beside a shortcut, each with its rectifier. */
function residual(context: BuildContext, x: Output, name: string, filters: number): Output {
  const inner = convolution(context, x, { name: `${name}/residual1`, filters, size: 3, norm: NORM });
  const y = convolution(context, inner, { name: `${name}/residual2`, filters, size: 3, norm: NORM });
  return add(context.scope, x, y);
}

/** @param width Channels of the first layer. */
function resNet9(width: number, of: Pick<Network, 'name' | 'description'> & { citation: string }): Network {
  return {
    name: of.name,
    description: of.description,
    publication: { citation: of.citation, url: 'https://myrtle.ai/learn/how-to-train-your-resnet/', outputs: 10 },
    input: { imageSize: 32, channels: 3, mean: [0.491, 0.482, 0.447], std: [0.247, 0.243, 0.262] },
    recipe: {
      epochs: 24,
      batch: 128,
      optimiser: 'nesterov',
      learningRate: 0.1,
      momentum: 0.9,
      weightDecay: 5e-4,
      augmentation: ['padded-crop', 'flip'],
    },
    build(context, images, outputs) {
      let x = images; // [batch, 32, 32, 3]
      x = convolution(context, x, { name: 'stem', filters: width, size: 3, norm: NORM }); // [batch, 32, 32, width]
      x = halving(context, x, 'stage1', 2 * width); // [batch, 16, 16, 2 width]
      x = residual(context, x, 'stage1', 2 * width);
      x = halving(context, x, 'stage2', 4 * width); // [batch, 8, 8, 4 width]
      x = halving(context, x, 'stage3', 8 * width); // [batch, 4, 4, 8 width]
      x = residual(context, x, 'stage3', 8 * width);
      const { height, width: columns } = axesOf(context);
      x = max(context.scope, x, { axes: [height, columns] }); // [batch, 8 width]
      const logits = dense(context, x, { name: 'logits', units: outputs, activation: 'none' });
      return mul(context.scope, logits, LOGIT_SCALE); // [batch, outputs]
    },
  };
}

/**
 * A short residual network for CIFAR that learns fast: few layers, so that most of the time is arithmetic.
 *
 * @see Page 2018, "How to train your ResNet", part 4 for the plan and part 8 for where the pooling is.
 */
export const resnet9: Network = resNet9(WIDTH, {
  name: 'resnet-9',
  description: 'short residual network that learns 32 x 32 colour pictures, such as CIFAR-10, in few epochs',
  citation: 'Page 2018, at three eighths of its width',
});

/** The same for a GPU, where width costs little. */
export const resnet9Wide: Network = resNet9(WIDE, {
  name: 'resnet-9-wide',
  description: 'resnet-9 for a GPU: 28 times its arithmetic, and what more that learns',
  citation: 'Page 2018, at twice its width',
});
