import type { InputContract } from '../network.js';

/** Photographs at the usual 224 px, normalised by the channel means and deviations of ImageNet's training split. */
export const IMAGENET_INPUT: InputContract = {
  imageSize: 224,
  channels: 3,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};
