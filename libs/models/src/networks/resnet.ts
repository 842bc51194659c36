import { add, relu, type Output } from '@bluewaters/tensorflow';
import { channelsOf, convolution, dense, globalMean, pooling } from '../layers.js';
import type { BuildContext, Network } from '../network.js';
import { IMAGENET_INPUT } from './imagenet-input.js';

type Depth = keyof typeof PLANS;

/** Table 1: units in each of the four stages, of two 3 x 3 convolutions or of a bottleneck. */
const PLANS = {
  18: { units: [2, 2, 2, 2], bottleneck: false },
  34: { units: [3, 4, 6, 3], bottleneck: false },
  50: { units: [3, 4, 6, 3], bottleneck: true },
  101: { units: [3, 4, 23, 3], bottleneck: true },
  152: { units: [3, 8, 36, 3], bottleneck: true },
} as const;

/** A bottleneck's outputs are this many times as wide as its 3 x 3 convolution. */
const EXPANSION = 4;

const NORM = { decay: 0.9, epsilon: 1.001e-5 };

/** Where a unit stands, and how wide it is. */
interface Unit {
  /** Prefix of the names of its layers. */
  readonly name: string;
  readonly filters: number;
  /** 2 in the first unit of all stages but the first. */
  readonly stride: number;
}

/** Two 3 x 3 convolutions beside a shortcut. */
function basicUnit(context: BuildContext, x: Output, { name, filters, stride }: Unit): Output {
  const inner = convolution(context, x, { name: `${name}/conv1`, filters, size: 3, stride, norm: NORM });
  const y = convolution(context, inner, { name: `${name}/conv2`, filters, size: 3, norm: NORM, activation: 'none' });
  return join(context, y, shortcut(context, x, { name, filters, stride }));
}

/** 1 x 1, 3 x 3 and 1 x 1 beside a shortcut; the 3 x 3 has the stride, as in "version 1.5" of the network. */
function bottleneckUnit(context: BuildContext, x: Output, { name, filters, stride }: Unit): Output {
  const wide = filters * EXPANSION;
  let y = convolution(context, x, { name: `${name}/conv1`, filters, size: 1, norm: NORM });
  y = convolution(context, y, { name: `${name}/conv2`, filters, size: 3, stride, norm: NORM });
  y = convolution(context, y, { name: `${name}/conv3`, filters: wide, size: 1, norm: NORM, activation: 'none' });
  return join(context, y, shortcut(context, x, { name, filters: wide, stride }));
}

/** The input itself, or where the shape changes, a projection (option B of the paper). */
function shortcut(context: BuildContext, x: Output, { name, filters, stride }: Unit): Output {
  if (stride === 1 && channelsOf(x) === filters) return x;
  return convolution(context, x, {
    name: `${name}/shortcut`,
    filters,
    size: 1,
    stride,
    norm: NORM,
    activation: 'none',
  });
}

function join({ scope }: BuildContext, y: Output, shortcutOutput: Output): Output {
  return relu(scope, add(scope, y, shortcutOutput));
}

/**
 * A residual network for photographs.
 *
 * @see He et al. 2015, "Deep residual learning for image recognition", table 1; Goyal et al. 2017 for the stride in the
 * 3 x 3 convolution and the recipe.
 */
function resnet(depth: Depth): Network {
  const { units, bottleneck } = PLANS[depth];
  const unit = bottleneck ? bottleneckUnit : basicUnit;
  return {
    name: `resnet-${depth}`,
    description: `residual network with ${depth} layers, for 224 x 224 photographs`,
    input: IMAGENET_INPUT,
    recipe: {
      epochs: 90,
      batch: 256,
      learningRate: 0.1,
      momentum: 0.9,
      weightDecay: 1e-4,
      augmentation: 'distorted-crop',
    },
    build(context, images, outputs) {
      let x = images; // [batch, 224, 224, 3]
      x = convolution(context, x, { name: 'conv1', filters: 64, size: 7, stride: 2, norm: NORM }); // 112 x 112 x 64
      x = pooling(context, x, { name: 'pool1', size: 3, stride: 2 }); // 56 x 56 x 64
      for (const [stage, count] of units.entries()) {
        const filters = 64 * 2 ** stage;
        for (let index = 1; index <= count; index += 1) {
          const stride = stage > 0 && index === 1 ? 2 : 1; // sides 56, 28, 14, 7
          x = unit(context, x, { name: `block${stage + 1}/unit${index}`, filters, stride });
        }
      } // [batch, 7, 7, 512], four times as wide with bottlenecks
      return dense(context, globalMean(context, x), { name: 'logits', units: outputs, activation: 'none' });
    },
  };
}

/** Parameters at 1000 outputs: 11,689,512. */
export const resnet18 = resnet(18);
/** Parameters at 1000 outputs: 21,797,672. */
export const resnet34 = resnet(34);
/** Parameters at 1000 outputs: 25,557,032. */
export const resnet50 = resnet(50);
/** Parameters at 1000 outputs: 44,549,160. */
export const resnet101 = resnet(101);
/** Parameters at 1000 outputs: 60,192,808. */
export const resnet152 = resnet(152);
