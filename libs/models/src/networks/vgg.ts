import { convolution, dense, flatten, pooling } from '../layers.js';
import type { Network } from '../network.js';
import { dropout } from '../normalisation.js';
import { IMAGENET_INPUT } from './imagenet-input.js';

/** Convolutions of each of the five stages. */
const PLANS = {
  16: [2, 2, 3, 3, 3], // table 1, column D
  19: [2, 2, 4, 4, 4], // table 1, column E
} as const;

const FILTERS = [64, 128, 256, 512, 512] as const;

/** As torchvision's variants with batch normalisation, which train from scratch without the paper's staged start. */
const NORM = { decay: 0.9, epsilon: 1.001e-5 };

/**
 * Stacks of 3 x 3 convolutions between poolings, then three dense layers.
 *
 * @see Simonyan and Zisserman 2014, "Very deep convolutional networks for large-scale image recognition", table 1.
 */
function vgg(name: string, depth: keyof typeof PLANS, { normalised }: { readonly normalised: boolean }): Network {
  const norm = normalised ? { norm: NORM } : {};
  return {
    name,
    description: `VGG with ${depth} layers${normalised ? ' and batch normalisation' : ''}, for 224 x 224 photographs`,
    publication: {
      citation: 'Simonyan and Zisserman 2014, table 1',
      url: 'https://arxiv.org/abs/1409.1556',
      outputs: 1000,
    },
    input: IMAGENET_INPUT,
    recipe: {
      epochs: 74,
      batch: 256,
      learningRate: normalised ? 0.05 : 0.01,
      momentum: 0.9,
      weightDecay: 5e-4,
      augmentation: ['distorted-crop', 'flip'],
    },
    build(context, images, outputs) {
      let x = images; // [batch, 224, 224, 3]
      for (const [stage, convolutions] of PLANS[depth].entries()) {
        const filters = FILTERS[stage] ?? 0;
        for (let index = 1; index <= convolutions; index += 1) {
          x = convolution(context, x, { name: `conv${stage + 1}_${index}`, filters, size: 3, ...norm });
        }
        x = pooling(context, x, { name: `pool${stage + 1}`, size: 2, stride: 2 });
        // 112 x 112 x 64, 56 x 56 x 128, 28 x 28 x 256, 14 x 14 x 512, 7 x 7 x 512
      }
      x = flatten(context, x); // [batch, 7 * 7 * 512]
      x = dense(context, x, { name: 'fc6', units: 4096 }); // [batch, 4096]
      x = dropout(context, x, { name: 'dropout6', rate: 0.5 });
      x = dense(context, x, { name: 'fc7', units: 4096 }); // [batch, 4096]
      x = dropout(context, x, { name: 'dropout7', rate: 0.5 });
      return dense(context, x, { name: 'logits', units: outputs, activation: 'none' }); // [batch, outputs]
    },
  };
}

/** 138,357,544 parameters at 1000 outputs. */
export const vgg16 = vgg('vgg-16', 16, { normalised: false });
/** 143,667,240 parameters at 1000 outputs. */
export const vgg19 = vgg('vgg-19', 19, { normalised: false });
/** 138,361,768 parameters at 1000 outputs: torchvision's without the biases that normalisation takes away again. */
export const vgg16Bn = vgg('vgg-16-bn', 16, { normalised: true });
/** 143,672,744 parameters at 1000 outputs: torchvision's without those biases. */
export const vgg19Bn = vgg('vgg-19-bn', 19, { normalised: true });
