import { NOT_MEASURED, type Recipe } from './recipe.js';

/** A rate of its own for each layer, for batches of thousands; the peak is meant for 8,192 up to 16,384 pictures. */
export const lars: Recipe = {
  name: 'lars',
  description: 'a rate for each layer, for batches of 8,192: 5 epochs of warm-up, then falling with the square',
  source:
    'You et al. 2017, "Large batch training of convolutional networks"; numbers of Google’s ResNet for TPU, lars_util.py',
  network: 'resnet-50',
  hyperparameters: {
    epochs: 90,
    batch: 8192,
    optimiser: 'lars',
    learningRate: 10,
    momentum: 0.9,
    weightDecay: 1e-4,
    schedule: 'polynomial',
    warmUpEpochs: 5,
    decayPower: 2,
    labelSmoothing: 0.1,
    augmentation: ['distorted-crop', 'flip'],
  },
  cost: 'its network: 7.4 to 7.9 images/s on 2 cores, 1,668 on an H200',
  result: NOT_MEASURED,
};
