import { NOT_MEASURED, type Recipe } from './recipe.js';

/** ImageNet in an hour: the rate grows with the batch, after a climb of 5 epochs from the rate of one worker of 256. */
export const goyal: Recipe = {
  name: 'goyal',
  description: 'momentum with a rate of 0.1 for each 256 pictures, 5 epochs of warm-up, falls at 30, 60 and 80',
  source: 'Goyal et al. 2017, "Accurate, large minibatch SGD", sections 2.1, 2.2 and 5.1',
  network: 'resnet-50',
  hyperparameters: {
    epochs: 90,
    batch: 256,
    optimiser: 'momentum',
    learningRate: 0.1,
    rateScaling: 'linear',
    rateScalingBatch: 256,
    momentum: 0.9,
    weightDecay: 1e-4,
    schedule: 'steps',
    warmUpEpochs: 5,
    warmUpFrom: 0.1,
    decayEpochs: [30, 60, 80],
    decayFactor: 0.1,
    augmentation: ['distorted-crop', 'flip'],
  },
  cost: 'its network: 7.4 to 7.9 images/s on 2 cores, 1,668 on an H200',
  result: NOT_MEASURED,
};
