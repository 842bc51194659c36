import { add, relu, type Output } from '@bluewaters/tensorflow';
import { convolution, dense, globalMean, pooling } from '../layers.js';
import type { BuildContext, Network } from '../network.js';
import { batchNorm, type BatchNormSettings } from '../normalisation.js';
import { IMAGENET_INPUT } from './imagenet-input.js';
import {
  everyNth,
  RESNET_EXPANSION,
  RESNET_NORM,
  RESNET_RECIPE,
  SLIM_NORM,
  unitsOf,
  type Halving,
  type Place,
} from './resnet-plans.js';

/** Where a unit stands, and in whose copy. The shortcut of a stage's first is a projection. */
type Unit = Place & { readonly layout: Layout };

/** How the published copies differ. */
interface Layout {
  /** At the end of the network's name. */
  readonly suffix: string;
  /** In the network's description. */
  readonly whose: string;
  readonly halvesIn: Halving;
  /** What is put around the picture for the first pooling. */
  readonly poolPadding: 'SAME' | 'FIXED';
  /** Whether convolutions that no batch normalisation follows have one. */
  readonly bias: boolean;
  readonly norm: BatchNormSettings;
}

/**
 * TensorFlow's official repository, where the first of a stage's units has the stride, and moving averages move less at a
 * step than elsewhere.
 */
const OFFICIAL: Layout = {
  ...{ suffix: '', whose: '', halvesIn: 'first', poolPadding: 'SAME', bias: false },
  norm: { ...RESNET_NORM, decay: 0.997 },
};
/** TF-slim, which nearly all published checkpoints of this version come from. */
const SLIM: Layout = {
  ...{ suffix: '-slim', whose: " as TF-slim's", halvesIn: 'last', poolPadding: 'SAME', bias: true },
  norm: SLIM_NORM,
};
/** Keras's applications, which were given the weights of others' copies of TF-slim's. */
const KERAS: Layout = {
  ...{ suffix: '-keras', whose: " as Keras's", halvesIn: 'last', poolPadding: 'FIXED', bias: true },
  norm: RESNET_NORM,
};

/** Figure 4(e) of the paper: batch normalisation and rectifier before what they prepare. */
function preactivation(context: BuildContext, x: Output, name: string, norm: BatchNormSettings): Output {
  const inner = { ...context, scope: context.scope.child(name) };
  return relu(inner.scope, batchNorm(inner, x, { name: `${name}/BatchNorm`, ...norm }));
}

/** 1 x 1, 3 x 3 and 1 x 1 beside a shortcut, to which nothing is done after they are added. */
function unit(context: BuildContext, x: Output, { name, filters, stride, first, layout }: Unit): Output {
  const { bias, norm } = layout;
  const wide = filters * RESNET_EXPANSION;
  const linear = { size: 1, filters: wide, bias, activation: 'none' } as const;
  const prepared = preactivation(context, x, `${name}/preact`, norm);
  const shortcut = first
    ? convolution(context, prepared, { name: `${name}/shortcut`, stride, ...linear })
    : everyNth(context, x, `${name}/shortcut`, stride);
  let y = convolution(context, prepared, { name: `${name}/conv1`, filters, size: 1, norm });
  y = convolution(context, y, {
    ...{ name: `${name}/conv2`, filters, size: 3, stride, norm },
    padding: 'FIXED',
  });
  y = convolution(context, y, { name: `${name}/conv3`, ...linear });
  return add(context.scope.child(`${name}/sum`), y, shortcut);
}

/**
 * A residual network of the second version, whose shortcuts are a clear way from the first unit to the last.
 *
 * @see He et al. 2016, "Identity mappings in deep residual networks", figure 4(e) and section 4.1.
 */
function resnetV2(depth: 50 | 101 | 152, layout: Layout): Network {
  const { suffix, whose, halvesIn, poolPadding, bias, norm } = layout;
  return {
    name: `resnet-${depth}-v2${suffix}`,
    description: `pre-activation residual network with ${depth} layers${whose}, for 224 x 224 photographs`,
    publication: {
      citation: 'He et al. 2016, figure 4(e)',
      url: 'https://arxiv.org/abs/1603.05027',
      outputs: 1000,
    },
    input: IMAGENET_INPUT,
    recipe: RESNET_RECIPE,
    build(context, images, outputs) {
      let x = images; // [batch, 224, 224, 3]
      x = convolution(context, x, {
        ...{ name: 'conv1', filters: 64, size: 7, stride: 2, padding: 'FIXED' },
        ...{ bias, activation: 'none' },
      }); // 112 x 112 x 64
      x = pooling(context, x, { name: 'pool1', size: 3, stride: 2, padding: poolPadding }); // 56 x 56 x 64
      for (const place of unitsOf(depth, halvesIn)) x = unit(context, x, { ...place, layout });
      // 56 x 56 x 256, 28 x 28 x 512, 14 x 14 x 1024, 7 x 7 x 2048; a stage ahead with the sides where last units halve them
      x = globalMean(context, preactivation(context, x, 'postnorm', norm)); // [batch, 2048]
      return dense(context, x, { name: 'logits', units: outputs, activation: 'none' }); // [batch, outputs]
    },
  };
}

/** As TensorFlow's official repository had it: 25,549,352 parameters at 1000 outputs. */
export const resnet50V2 = resnetV2(50, OFFICIAL);
/** As TensorFlow's official repository had it: 44,541,480 parameters at 1000 outputs. */
export const resnet101V2 = resnetV2(101, OFFICIAL);
/** As TensorFlow's official repository had it: 60,185,128 parameters at 1000 outputs. */
export const resnet152V2 = resnetV2(152, OFFICIAL);
/** As TF-slim has it, with biases: 25,568,360 parameters at 1000 outputs. */
export const resnet50V2Slim = resnetV2(50, SLIM);
/** As TF-slim has it, with biases: 44,577,896 parameters at 1000 outputs. */
export const resnet101V2Slim = resnetV2(101, SLIM);
/** As TF-slim has it, with biases: 60,236,904 parameters at 1000 outputs. */
export const resnet152V2Slim = resnetV2(152, SLIM);
/** Keras's applications' ResNet50V2, with its biases: 25,568,360 parameters at 1000 outputs. */
export const resnet50V2Keras = resnetV2(50, KERAS);
