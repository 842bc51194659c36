import { NOT_MEASURED, type Recipe } from './recipe.js';

/** Up to the peak over 4 epochs and straight down to zero: one cycle, short enough for two cores. */
export const cifarFast: Recipe = {
  name: 'cifar-fast',
  description: 'CIFAR-10 within an hour on two cores: one cycle of 18 epochs, moved and mirrored pictures',
  source: 'Page 2018, "How to train your ResNet"; Smith and Topin 2017 for the one cycle',
  network: 'resnet-9',
  hyperparameters: {
    epochs: 18,
    batch: 128,
    optimiser: 'nesterov',
    learningRate: 0.1,
    momentum: 0.9,
    weightDecay: 5e-4,
    schedule: 'polynomial',
    warmUpEpochs: 4,
    labelSmoothing: 0.1,
    averageDecay: 0.99,
    augmentation: ['padded-crop', 'flip'],
  },
  cost: NOT_MEASURED,
  result: NOT_MEASURED,
};

/** The same for long: 100 epochs, half a cosine. */
export const cifarLong: Recipe = {
  name: 'cifar-long',
  description: 'CIFAR-10 as well as a small network learns it: 100 epochs of half a cosine, in pieces if need be',
  source: 'cifar-fast, longer; Loshchilov and Hutter 2017 for the cosine',
  network: 'resnet-9',
  hyperparameters: {
    ...cifarFast.hyperparameters,
    epochs: 100,
    warmUpEpochs: 6,
    augmentation: ['padded-crop', 'cutout', 'flip'],
    schedule: 'cosine',
    averageDecay: 0.999,
  },
  cost: NOT_MEASURED,
  result: NOT_MEASURED,
};
