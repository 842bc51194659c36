/** ResNets as Keras applications and TF-slim have them. */
import {
  copied,
  head,
  kerasBatchNorm,
  kerasConvolution,
  kerasNormalised,
  type MappedFile,
  type Mapping,
  type Origin,
} from './origins.js';

/** Units of each of the four stages. */
type Plan = readonly number[];

type Entries = [variable: string, origin: Origin][];

const HEAD = { weights: 'predictions/kernel', biases: 'predictions/bias' };

/** Our names of the units beside Keras's: `block1/unit1` is `conv2_block1`. */
function units(plan: Plan): { readonly ours: string; readonly theirs: string; readonly first: boolean }[] {
  return plan.flatMap((count, stage) =>
    Array.from({ length: count }, (_, i) => ({
      ours: `block${stage + 1}/unit${i + 1}`,
      theirs: `conv${stage + 2}_block${i + 1}`,
      first: i === 0,
    })),
  );
}

/** A convolution of Keras's and the batch normalisation of the same name behind it. */
function layer(ours: string, theirs: string, file: MappedFile): Entries {
  return kerasNormalised(ours, { convolution: `${theirs}_conv`, norm: `${theirs}_bn` }, file);
}

/** All convolutions have a bias there, before batch normalisation too. @see keras/src/applications/resnet.py */
export const kerasResnet =
  (plan: Plan): Mapping =>
  (file) =>
    new Map([
      ...layer('conv1', 'conv1', file),
      ...units(plan).flatMap(({ ours, theirs, first }) => [
        ...(first ? layer(`${ours}/shortcut`, `${theirs}_0`, file) : []),
        ...[1, 2, 3].flatMap((n) => layer(`${ours}/conv${n}`, `${theirs}_${n}`, file)),
      ]),
      ...head('logits', HEAD, file),
    ]);

/** With biases where no batch normalisation follows at once. @see keras/src/applications/resnet_v2.py */
export const kerasResnetV2 =
  (plan: Plan): Mapping =>
  (file) =>
    new Map([
      ...kerasConvolution('conv1', 'conv1_conv'),
      ...units(plan).flatMap(({ ours, theirs, first }) => [
        ...kerasBatchNorm(`${ours}/preact/BatchNorm`, `${theirs}_preact_bn`, file),
        ...(first ? kerasConvolution(`${ours}/shortcut`, `${theirs}_0_conv`) : []),
        ...[1, 2].flatMap((n) => layer(`${ours}/conv${n}`, `${theirs}_${n}`, file)),
        ...kerasConvolution(`${ours}/conv3`, `${theirs}_3_conv`),
      ]),
      ...kerasBatchNorm('postnorm/BatchNorm', 'post_bn', file),
      ...head('logits', HEAD, file),
    ]);

const BIASED = ['weights', 'biases'];
const NORM = ['gamma', 'beta', 'moving_mean', 'moving_variance'];
const NORMALISED = ['weights', ...NORM.map((part) => `BatchNorm/${part}`)];

/** Parts of a layer that are called alike. */
function alike(ours: string, theirs: string, parts: readonly string[]): Entries {
  return parts.map((part) => [`${ours}/${part}`, copied(`${theirs}/${part}`)]);
}

function slimHead(root: string, file: MappedFile): Entries {
  return head('logits', { weights: `${root}/logits/weights`, biases: `${root}/logits/biases` }, file);
}

/** TF-slim's prefix of our units: `resnet_v1_50/block1/unit_1/bottleneck_v1`. */
function slimUnits(root: string, plan: Plan, version: 'v1' | 'v2') {
  return units(plan).map(({ ours, first }) => ({
    ...{ ours, first },
    theirs: `${root}/${ours.replace('unit', 'unit_')}/bottleneck_${version}`,
  }));
}

/** @see tensorflow/models, research/slim/nets/resnet_v1.py */
export const slimResnet =
  (root: string, plan: Plan): Mapping =>
  (file) =>
    new Map([
      ...alike('conv1', `${root}/conv1`, NORMALISED),
      ...slimUnits(root, plan, 'v1').flatMap(({ ours, theirs, first }) =>
        [...(first ? ['shortcut'] : []), 'conv1', 'conv2', 'conv3'].flatMap((name) =>
          alike(`${ours}/${name}`, `${theirs}/${name}`, NORMALISED),
        ),
      ),
      ...slimHead(root, file),
    ]);

/** @see tensorflow/models, research/slim/nets/resnet_v2.py */
export const slimResnetV2 =
  (root: string, plan: Plan): Mapping =>
  (file) =>
    new Map([
      ...alike('conv1', `${root}/conv1`, BIASED),
      ...slimUnits(root, plan, 'v2').flatMap(({ ours, theirs, first }) => [
        ...alike(`${ours}/preact/BatchNorm`, `${theirs}/preact`, NORM),
        ...(first ? alike(`${ours}/shortcut`, `${theirs}/shortcut`, BIASED) : []),
        ...['conv1', 'conv2'].flatMap((name) => alike(`${ours}/${name}`, `${theirs}/${name}`, NORMALISED)),
        ...alike(`${ours}/conv3`, `${theirs}/conv3`, BIASED),
      ]),
      ...alike('postnorm/BatchNorm', `${root}/postnorm`, NORM),
      ...slimHead(root, file),
    ]);
