import { add, relu, type Output } from '@bluewaters/tensorflow';
import { convolution, dense, globalMean, pooling } from '../layers.js';
import type { BuildContext, Network, Publication } from '../network.js';
import { channelsOf } from '../picture-axes.js';
import { IMAGENET_INPUT } from './imagenet-input.js';
import type { BatchNormSettings } from '../normalisation.js';
import {
  everyNth,
  RESNET_EXPANSION,
  RESNET_NORM,
  RESNET_PLANS,
  RESNET_RECIPE,
  SLIM_NORM,
  unitsOf,
  type Halving,
  type Place,
} from './resnet-plans.js';

const PAPER: Publication = {
  citation: 'He et al. 2015, table 1',
  url: 'https://arxiv.org/abs/1512.03385',
  outputs: 1000,
};
const FORM_1_5: Publication = {
  citation: 'He et al. 2015, table 1; Goyal et al. 2017, section 5.1',
  url: 'https://arxiv.org/abs/1706.02677',
  outputs: 1000,
};

type Depth = keyof typeof RESNET_PLANS;

/** How the published forms differ. */
interface Form {
  /** At the end of the network's name. */
  readonly suffix: string;
  /** In the network's description. */
  readonly whose: string;
  readonly publication: Publication;
  readonly halvesIn: Halving;
  /** The convolution of a bottleneck that has the stride of its unit. */
  readonly strided: 1 | 2;
  /** What is put around pictures for a stride, and for the first pooling. */
  readonly padding: 'SAME' | 'FIXED';
  readonly poolPadding: 'SAME' | 'FIXED';
  readonly norm: BatchNormSettings;
}

/** The paper's, with the padding of Keras's applications, whose weights fit. */
const V1: Form = {
  ...{ suffix: '-v1', whose: ' as in 2015', publication: PAPER },
  ...{ halvesIn: 'first', strided: 1, padding: 'FIXED', poolPadding: 'FIXED', norm: RESNET_NORM },
};
/** With the stride of a bottleneck in its 3 x 3 convolution, as torchvision has it, and TensorFlow's padding. */
const V1_5: Form = {
  ...{ suffix: '', whose: '', publication: FORM_1_5 },
  ...{ halvesIn: 'first', strided: 2, padding: 'SAME', poolPadding: 'SAME', norm: RESNET_NORM },
};
/** TF-slim's. @see tensorflow/models, research/slim/nets/resnet_v1.py */
const SLIM: Form = {
  ...{ suffix: '-v1-slim', whose: " as TF-slim's", publication: PAPER },
  ...{ halvesIn: 'last', strided: 2, padding: 'FIXED', poolPadding: 'SAME', norm: SLIM_NORM },
};

/** Where a unit stands, and in what form of network. */
type Unit = Omit<Place, 'first'> & { readonly form: Form };

/** Two 3 x 3 convolutions beside a shortcut. */
function basicUnit(context: BuildContext, x: Output, { name, filters, stride, form }: Unit): Output {
  const { norm } = form;
  const inner = convolution(context, x, { name: `${name}/conv1`, filters, size: 3, stride, norm });
  const y = convolution(context, inner, { name: `${name}/conv2`, filters, size: 3, norm, activation: 'none' });
  return join(context, name, [y, shortcut(context, [x, y], { name, filters, stride, form })]);
}

/** 1 x 1, 3 x 3 and 1 x 1 beside a shortcut. */
function bottleneckUnit(context: BuildContext, x: Output, { name, filters, stride, form }: Unit): Output {
  const { norm, padding, strided } = form;
  const wide = filters * RESNET_EXPANSION;
  const [first, second] = strided === 1 ? [stride, 1] : [1, stride];
  let y = convolution(context, x, { name: `${name}/conv1`, filters, size: 1, stride: first, norm });
  y = convolution(context, y, { name: `${name}/conv2`, filters, size: 3, stride: second, padding, norm });
  y = convolution(context, y, { name: `${name}/conv3`, filters: wide, size: 1, norm, activation: 'none' });
  return join(context, name, [y, shortcut(context, [x, y], { name, filters: wide, stride, form })]);
}

/** The input x itself, or where the unit has more channels, a projection (option B of the paper). */
function shortcut(
  context: BuildContext,
  [x, y]: readonly [Output, Output],
  { name, filters, stride, form: { norm } }: Unit,
): Output {
  const own = `${name}/shortcut`;
  if (channelsOf(context, x) === channelsOf(context, y)) return everyNth(context, x, own, stride);
  return convolution(context, x, { name: own, filters, size: 1, stride, norm, activation: 'none' });
}

function join({ scope }: BuildContext, name: string, [y, beside]: readonly [Output, Output]): Output {
  const inner = scope.child(`${name}/sum`);
  return relu(inner, add(inner, y, beside));
}

/**
 * A residual network for photographs.
 *
 * @see He et al. 2015, "Deep residual learning for image recognition", table 1; Goyal et al. 2017, "Accurate, large
 * minibatch SGD", section 5.1, for the stride in the 3 x 3 convolution and the recipe.
 */
function resnet(depth: Depth, form: Form): Network {
  const unit = RESNET_PLANS[depth].bottleneck ? bottleneckUnit : basicUnit;
  const { suffix, whose, publication, halvesIn, padding, poolPadding, norm } = form;
  return {
    name: `resnet-${depth}${suffix}`,
    description: `residual network with ${depth} layers${whose}, for 224 x 224 photographs`,
    publication,
    input: IMAGENET_INPUT,
    recipe: RESNET_RECIPE,
    build(context, images, outputs) {
      let x = images; // [batch, 224, 224, 3]
      x = convolution(context, x, { name: 'conv1', filters: 64, size: 7, stride: 2, padding, norm }); // 112 x 112 x 64
      x = pooling(context, x, { name: 'pool1', size: 3, stride: 2, padding: poolPadding }); // 56 x 56 x 64
      for (const place of unitsOf(depth, halvesIn)) x = unit(context, x, { ...place, form });
      // 56 x 56 x 64, 28 x 28 x 128, 14 x 14 x 256, 7 x 7 x 512; four times as wide with bottlenecks
      x = globalMean(context, x); // [batch, 512], or [batch, 2048]
      return dense(context, x, { name: 'logits', units: outputs, activation: 'none' }); // [batch, outputs]
    },
  };
}

/** Parameters at 1000 outputs: 11,689,512. */
export const resnet18 = resnet(18, V1_5);
/** Parameters at 1000 outputs: 21,797,672. */
export const resnet34 = resnet(34, V1_5);
/** Parameters at 1000 outputs: 25,557,032. */
export const resnet50 = resnet(50, V1_5);
/** Parameters at 1000 outputs: 44,549,160. */
export const resnet101 = resnet(101, V1_5);
/** Parameters at 1000 outputs: 60,192,808. */
export const resnet152 = resnet(152, V1_5);

/** The paper's, with as many parameters as {@link resnet50}. */
export const resnet50V1 = resnet(50, V1);
/** The paper's, with as many parameters as {@link resnet101}. */
export const resnet101V1 = resnet(101, V1);
/** The paper's, with as many parameters as {@link resnet152}. */
export const resnet152V1 = resnet(152, V1);

/** TF-slim's, with as many parameters as {@link resnet50}. */
export const resnet50V1Slim = resnet(50, SLIM);
/** TF-slim's, with as many parameters as {@link resnet101}. */
export const resnet101V1Slim = resnet(101, SLIM);
/** TF-slim's, with as many parameters as {@link resnet152}. */
export const resnet152V1Slim = resnet(152, SLIM);
