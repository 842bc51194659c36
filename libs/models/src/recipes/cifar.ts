import { NOT_MEASURED, type Recipe } from './recipe.js';

/** Up to the peak over a fifth of the epochs and straight down to zero: one cycle, short enough for two cores. */
export const cifarFast: Recipe = {
  name: 'cifar-fast',
  description: 'CIFAR-10 within an hour on two cores: one cycle of 18 epochs; classified with the mirror image too',
  source: 'Jordan 2024, "94% on CIFAR-10 in 3.29 Seconds"; Smith and Topin 2017 for the one cycle',
  network: 'airbench',
  hyperparameters: {
    epochs: 18,
    batch: 256,
    optimiser: 'nesterov',
    learningRate: 0.375,
    momentum: 0.85,
    weightDecay: 1.33e-3,
    schedule: 'polynomial',
    warmUpEpochs: 3,
    labelSmoothing: 0.2,
    averageDecay: 0.99,
    offsetRate: 64,
    views: 'mirrored',
    augmentation: ['shift', 'cutout', 'flip'],
  },
  cost: '54 min on 2 cores',
  result: '90.5 % of 5,000 held out',
};

/** The same for longer, of pictures that are cut as well. */
export const cifarLong: Recipe = {
  name: 'cifar-long',
  description: 'CIFAR-10 as well as a small network learns it: 24 epochs, in pieces if need be',
  source: 'cifar-fast, longer; DeVries and Taylor 2017 for the cut',
  network: 'airbench',
  hyperparameters: {
    ...cifarFast.hyperparameters,
    epochs: 24,
    warmUpEpochs: 5,
    augmentation: ['padded-crop', 'cutout', 'flip'],
  },
  cost: NOT_MEASURED,
  result: NOT_MEASURED,
};
