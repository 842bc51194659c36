import { mul, relu, type Output } from '@bluewaters/tensorflow';
import { convolution, dense, flatten, pooling, withBiases } from '../layers.js';
import type { BuildContext, Network } from '../network.js';
import { batchNorm, type BatchNormSettings } from '../normalisation.js';
import { whitening } from '../whitening.js';

const NORM: BatchNormSettings = { decay: 0.9, epsilon: 1.001e-5, scale: false };

/** Channels of the three stages. */
const WIDTHS = [64, 256, 256] as const;

/** What the last features are multiplied by, so that the logits start small. */
const FEATURE_SCALE = 1 / 9;

/** The components of windows of 2 x 2 pixels, each with a bias and a rectifier. */
function stem(context: BuildContext, x: Output): Output {
  const inner = { ...context, scope: context.scope.child('whiten') };
  const y = withBiases(inner, whitening(inner, x), 'whiten');
  return relu(inner.scope, y);
}

/**
 * Two convolutions, with the largest value of each 2 x 2 window taken between the first and its normalisation. They start
 * as the identity on as many channels as they are given, so that the first steps see through all of them.
 */
function stage(context: BuildContext, x: Output, name: string, filters: number): Output {
  const bare = { size: 3, bias: false, activation: 'none', initial: 'dirac' } as const;
  const y = convolution(context, x, { name: `${name}/conv1`, filters, ...bare });
  const halved = pooling(context, y, { name: `${name}/pool`, size: 2, stride: 2, padding: 'VALID' });
  const inner = { ...context, scope: context.scope.child(`${name}/norm1`) };
  const norm1 = batchNorm(inner, halved, { name: `${name}/norm1/BatchNorm`, ...NORM });
  const z = relu(inner.scope, norm1);
  return convolution(context, z, { name: `${name}/conv2`, filters, size: 3, norm: NORM, initial: 'dirac' });
}

/**
 * A network that learns CIFAR-10 with little arithmetic: 94 % after ten epochs in the paper, with three tricks more. Its
 * rectifiers are plain ones here, where the paper has GELUs.
 *
 * @see Jordan 2024, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", section 3 and listing A.
 */
export const airbench: Network = {
  name: 'airbench',
  description: 'seven convolutions, the first one given, that learn 32 x 32 colour pictures in fewest epochs',
  publication: {
    citation: 'Jordan 2024, section 3',
    url: 'https://arxiv.org/abs/2404.00498',
    outputs: 10,
  },
  input: { imageSize: 32, channels: 3, mean: [0.491, 0.482, 0.447], std: [0.247, 0.243, 0.262] },
  recipe: {
    epochs: 8,
    batch: 256,
    optimiser: 'nesterov',
    learningRate: 0.375,
    momentum: 0.85,
    weightDecay: 1.33e-3,
    labelSmoothing: 0.2,
    offsetRate: 64,
    augmentation: ['shift', 'flip'],
  },
  build(context, images, outputs) {
    let x = stem(context, images); // [batch, 31, 31, 24]
    for (const [index, filters] of WIDTHS.entries()) x = stage(context, x, `stage${index + 1}`, filters);
    // 15 x 15 x 64, 7 x 7 x 256, 3 x 3 x 256
    x = pooling(context, x, { name: 'pool', size: 3, stride: 3, padding: 'VALID' }); // [batch, 1, 1, 256]
    x = flatten(context, x); // [batch, 256]
    x = mul(context.scope.child('scale'), x, FEATURE_SCALE);
    return dense(context, x, { name: 'logits', units: outputs, activation: 'none' }); // [batch, outputs]
  },
};
