import { convolution, dense, flatten, pooling } from '../layers.js';
import type { Network, Publication } from '../network.js';
import { dropout, localResponseNorm } from '../normalisation.js';
import { IMAGENET_INPUT } from './imagenet-input.js';

/** How the papers' networks differ. */
interface Plan {
  /** Of the five convolutions. */
  readonly filters: readonly [number, number, number, number, number];
  /** Whether the first two convolutions are followed by local response normalisation. */
  readonly lrn: boolean;
  /** Whether the second, fourth and fifth see only the channels that were on the same GPU. */
  readonly towers?: boolean;
}

const PAPER_2012: Publication = {
  citation: 'Krizhevsky et al. 2012, figure 2',
  url: 'https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks',
  outputs: 1000,
};
const PAPER_2014: Publication = {
  citation: 'Krizhevsky 2014, one tower',
  url: 'https://arxiv.org/abs/1404.5997',
  outputs: 1000,
};

/** Side from which an unpadded first convolution gives the papers' 55 x 55; their 224 needs two pixels of padding. */
const IMAGE_SIZE = 227;

function alexnetOf(name: string, description: string, { filters, lrn, towers = false }: Plan): Network {
  const [first, second, third, fourth, fifth] = filters;
  const apart = { groups: towers ? 2 : 1 };
  return {
    name,
    description,
    publication: lrn ? PAPER_2012 : PAPER_2014,
    input: { ...IMAGENET_INPUT, imageSize: IMAGE_SIZE },
    recipe: {
      epochs: 90,
      batch: 128,
      learningRate: 0.01,
      momentum: 0.9,
      weightDecay: 5e-4,
      augmentation: ['distorted-crop', 'flip'],
    },
    build(context, images, outputs) {
      let x = images; // [batch, 227, 227, 3]
      x = convolution(context, x, { name: 'conv1', filters: first, size: 11, stride: 4, padding: 'VALID' });
      if (lrn) x = localResponseNorm(context, x, 'norm1'); // 55 x 55, first
      x = pooling(context, x, { name: 'pool1', size: 3, stride: 2, padding: 'VALID' }); // 27 x 27, first
      x = convolution(context, x, { name: 'conv2', filters: second, size: 5, ...apart }); // 27 x 27, second
      if (lrn) x = localResponseNorm(context, x, 'norm2');
      x = pooling(context, x, { name: 'pool2', size: 3, stride: 2, padding: 'VALID' }); // 13 x 13, second
      x = convolution(context, x, { name: 'conv3', filters: third, size: 3 }); // 13 x 13, third
      x = convolution(context, x, { name: 'conv4', filters: fourth, size: 3, ...apart }); // 13 x 13, fourth
      x = convolution(context, x, { name: 'conv5', filters: fifth, size: 3, ...apart }); // 13 x 13, fifth
      x = pooling(context, x, { name: 'pool5', size: 3, stride: 2, padding: 'VALID' }); // 6 x 6, fifth
      x = flatten(context, x); // [batch, 6 * 6 * 256]
      x = dropout(context, x, { name: 'dropout5', rate: 0.5 });
      x = dense(context, x, { name: 'fc6', units: 4096 }); // [batch, 4096]
      x = dropout(context, x, { name: 'dropout6', rate: 0.5 });
      x = dense(context, x, { name: 'fc7', units: 4096 }); // [batch, 4096]
      return dense(context, x, { name: 'logits', units: outputs, activation: 'none' }); // [batch, outputs]
    },
  };
}

/**
 * AlexNet in one tower, with the filters that cuda-convnet2's definition for one GPU and torchvision have: 61,100,840
 * parameters at 1000 outputs.
 *
 * @see Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks".
 */
export const alexnet = alexnetOf('alexnet', 'AlexNet in one tower (2014), for 227 x 227 photographs', {
  filters: [64, 192, 384, 256, 256],
  lrn: false,
});

/**
 * AlexNet with the filters and the local response normalisation of 2012, its two towers joined, so that every
 * convolution sees all channels: 62,378,344 parameters at 1000 outputs.
 *
 * @see Krizhevsky et al. 2012, "ImageNet classification with deep convolutional neural networks", figure 2.
 */
export const alexnet2012 = alexnetOf('alexnet-2012', 'AlexNet of 2012, towers joined, for 227 x 227 photographs', {
  filters: [96, 256, 384, 384, 256],
  lrn: true,
});

/**
 * AlexNet as it was trained in 2012, in two towers that only the third convolution and the dense layers bring together:
 * 60,965,224 parameters at 1000 outputs, as in Caffe's copy of it.
 *
 * @see Krizhevsky et al. 2012, figure 2.
 */
export const alexnet2012Towers = alexnetOf(
  'alexnet-2012-towers',
  'AlexNet of 2012 in its two towers, for 227 x 227 photographs',
  { filters: [96, 256, 384, 384, 256], lrn: true, towers: true },
);
