/** VGG-16 and VGG-19 as Keras applications and TF-slim have them. */
import { copied, head, kerasConvolution, merged, type Mapping, type Origin } from './origins.js';

/** Convolutions of each of the five stages. */
type Plan = readonly number[];

/** Our names beside the numbers of stage and convolution, from 1. */
function convolutions(plan: Plan): { readonly name: string; readonly stage: number; readonly index: number }[] {
  return plan.flatMap((count, at) =>
    Array.from({ length: count }, (_, i) => ({ name: `conv${at + 1}_${i + 1}`, stage: at + 1, index: i + 1 })),
  );
}

/** `block1_conv1`, …, `fc1`, `fc2`, `predictions`. @see keras/src/applications/vgg16.py */
export const kerasVgg =
  (plan: Plan): Mapping =>
  (file) =>
    new Map([
      ...convolutions(plan).flatMap(({ name, stage, index }) => kerasConvolution(name, `block${stage}_conv${index}`)),
      ...kerasConvolution('fc6', 'fc1'),
      ...kerasConvolution('fc7', 'fc2'),
      ...head('logits', { weights: 'predictions/kernel', biases: 'predictions/bias' }, file),
    ]);

/** `vgg_16/conv1/conv1_1/weights`, …, with convolutions for dense layers. @see tensorflow/models, slim/nets/vgg.py */
export const slimVgg =
  (root: string, plan: Plan): Mapping =>
  (file) => {
    const dense = (ours: string): [string, Origin][] => [
      [`${ours}/weights`, merged(`${root}/${ours}/weights`)],
      [`${ours}/biases`, copied(`${root}/${ours}/biases`)],
    ];
    return new Map([
      ...convolutions(plan).flatMap(({ name, stage }) =>
        ['weights', 'biases'].map((part): [string, Origin] => [
          `${name}/${part}`,
          copied(`${root}/conv${stage}/${name}/${part}`),
        ]),
      ),
      ...dense('fc6'),
      ...dense('fc7'),
      ...head('logits', { weights: `${root}/fc8/weights`, biases: `${root}/fc8/biases` }, file),
    ]);
  };
