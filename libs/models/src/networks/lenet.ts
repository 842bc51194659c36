import { convolution, dense, flatten, pooling } from '../layers.js';
import type { Network } from '../network.js';

/**
 * LeNet's plan, two convolutions with pooling and two dense layers, with rectifiers and more filters than in 1998.
 *
 * @see LeCun et al. 1998, "Gradient-based learning applied to document recognition", figure 2, for the plan.
 */
export const lenet: Network = {
  name: 'lenet',
  description: 'small network for 28 x 28 grey pictures, such as handwritten digits',
  publication: {
    citation: 'LeCun et al. 1998, figure 2, the plan',
    url: 'https://doi.org/10.1109/5.726791',
    outputs: 10,
  },
  input: { imageSize: 28, channels: 1, mean: [0.5], std: [0.5] },
  recipe: { epochs: 3, batch: 128, learningRate: 0.02, momentum: 0.9, weightDecay: 1e-4 },
  build(context, images, outputs) {
    let x = images; // [batch, 28, 28, 1]
    x = convolution(context, x, { name: 'conv1', filters: 16, size: 5 }); // [batch, 28, 28, 16]
    x = pooling(context, x, { name: 'pool1', size: 2, stride: 2 }); // [batch, 14, 14, 16]
    x = convolution(context, x, { name: 'conv2', filters: 32, size: 5 }); // [batch, 14, 14, 32]
    x = pooling(context, x, { name: 'pool2', size: 2, stride: 2 }); // [batch, 7, 7, 32]
    x = flatten(context, x); // [batch, 1568]
    x = dense(context, x, { name: 'fc1', units: 128 }); // [batch, 128]
    return dense(context, x, { name: 'logits', units: outputs, activation: 'none' }); // [batch, outputs]
  },
};
