/** ResNets as Keras applications have them; strides in the first 1 x 1 (v1), or in the last unit of a stage (v2). */
import {
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
