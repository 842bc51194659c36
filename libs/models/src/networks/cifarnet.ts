import { convolution, dense, flatten, pooling } from '../layers.js';
import type { Network } from '../network.js';

/**
 * Six 3 x 3 convolutions in three stages, for small colour photographs: VGG's plan at a fifteenth of its size.
 *
 * @see Simonyan and Zisserman 2014, section 2, for stacking 3 x 3 convolutions between poolings.
 */
export const cifarnet: Network = {
  name: 'cifarnet',
  description: 'six convolutions for 32 x 32 colour pictures, such as CIFAR-10',
  publication: {
    citation: 'Simonyan and Zisserman 2014, the plan',
    url: 'https://arxiv.org/abs/1409.1556',
    outputs: 10,
  },
  input: { imageSize: 32, channels: 3, mean: [0.491, 0.482, 0.447], std: [0.247, 0.243, 0.262] },
  recipe: { epochs: 10, batch: 128, learningRate: 0.02, momentum: 0.9, weightDecay: 5e-4 },
  build(context, images, outputs) {
    let x = images; // [batch, 32, 32, 3]
    for (const [stage, filters] of [32, 64, 128].entries()) {
      x = convolution(context, x, { name: `conv${stage + 1}a`, filters, size: 3 });
      x = convolution(context, x, { name: `conv${stage + 1}b`, filters, size: 3 });
      x = pooling(context, x, { name: `pool${stage + 1}`, size: 2, stride: 2 });
    } // 16 x 16 x 32, 8 x 8 x 64, 4 x 4 x 128
    x = flatten(context, x); // [batch, 4 * 4 * 128]
    x = dense(context, x, { name: 'fc1', units: 256 }); // [batch, 256]
    return dense(context, x, { name: 'logits', units: outputs, activation: 'none' }); // [batch, outputs]
  },
};
