import { add, relu, type Output } from '@bluewaters/tensorflow';
import { convolution, dense, globalMean, pooling } from '../layers.js';
import type { BuildContext, Network, Publication } from '../network.js';
import { channelsOf } from '../picture-axes.js';
import { IMAGENET_INPUT } from './imagenet-input.js';
import { RESNET_EXPANSION, RESNET_NORM, RESNET_PLANS, RESNET_RECIPE } from './resnet-plans.js';

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

/** Where a unit stands, and how wide it is. */
interface Unit {
  /** Prefix of the names of its layers. */
  readonly name: string;
  readonly filters: number;
  /** 2 in the first unit of all stages but the first. */
  readonly stride: number;
  readonly version: Version;
}

/** Which of the published forms: they differ in where a stride is, and in what is put around pictures for it. */
type Version = 'v1' | 'v1.5';

/** Two 3 x 3 convolutions beside a shortcut. */
function basicUnit(context: BuildContext, x: Output, { name, filters, stride }: Unit): Output {
  const inner = convolution(context, x, { name: `${name}/conv1`, filters, size: 3, stride, norm: RESNET_NORM });
  const y = convolution(context, inner, {
    name: `${name}/conv2`,
    filters,
    size: 3,
    norm: RESNET_NORM,
    activation: 'none',
  });
  return join(context, name, [y, shortcut(context, [x, y], { name, filters, stride })]);
}

/** 1 x 1, 3 x 3 and 1 x 1 beside a shortcut; the stride is in the first of them (v1) or in the second (v1.5). */
function bottleneckUnit(context: BuildContext, x: Output, { name, filters, stride, version }: Unit): Output {
  const wide = filters * RESNET_EXPANSION;
  const [first, second] = version === 'v1' ? [stride, 1] : [1, stride];
  let y = convolution(context, x, { name: `${name}/conv1`, filters, size: 1, stride: first, norm: RESNET_NORM });
  y = convolution(context, y, { name: `${name}/conv2`, filters, size: 3, stride: second, norm: RESNET_NORM });
  y = convolution(context, y, { name: `${name}/conv3`, filters: wide, size: 1, norm: RESNET_NORM, activation: 'none' });
  return join(context, name, [y, shortcut(context, [x, y], { name, filters: wide, stride })]);
}

/** The input x itself, or where the unit makes another shape of it, a projection (option B of the paper). */
function shortcut(
  context: BuildContext,
  [x, y]: readonly [Output, Output],
  { name, filters, stride }: Omit<Unit, 'version'>,
): Output {
  if (stride === 1 && channelsOf(context, x) === channelsOf(context, y)) return x;
  return convolution(context, x, {
    name: `${name}/shortcut`,
    filters,
    size: 1,
    stride,
    norm: RESNET_NORM,
    activation: 'none',
  });
}

function join({ scope }: BuildContext, name: string, [y, beside]: readonly [Output, Output]): Output {
  const inner = scope.child(`${name}/sum`);
  return relu(inner, add(inner, y, beside));
}

/**
 * A residual network for photographs.
 *
 * @param version `v1` is the paper's; its padding is that of Keras's applications, whose weights fit. `v1.5` has the
 * stride of a bottleneck in its 3 x 3 convolution, as torchvision has it, and TensorFlow's padding.
 * @see He et al. 2015, "Deep residual learning for image recognition", table 1; Goyal et al. 2017, "Accurate, large
 * minibatch SGD", section 5.1, for the stride in the 3 x 3 convolution and the recipe.
 */
function resnet(depth: Depth, version: Version): Network {
  const { units, bottleneck } = RESNET_PLANS[depth];
  const unit = bottleneck ? bottleneckUnit : basicUnit;
  const padding = version === 'v1' ? 'FIXED' : 'SAME';
  return {
    name: version === 'v1' ? `resnet-${depth}-v1` : `resnet-${depth}`,
    description: `residual network with ${depth} layers${version === 'v1' ? ' as in 2015' : ''}, for 224 x 224 photographs`,
    publication: version === 'v1' ? PAPER : FORM_1_5,
    input: IMAGENET_INPUT,
    recipe: RESNET_RECIPE,
    build(context, images, outputs) {
      let x = images; // [batch, 224, 224, 3]
      x = convolution(context, x, { name: 'conv1', filters: 64, size: 7, stride: 2, padding, norm: RESNET_NORM }); // 112 x 112 x 64
      x = pooling(context, x, { name: 'pool1', size: 3, stride: 2, padding }); // 56 x 56 x 64
      for (const [stage, count] of units.entries()) {
        const filters = 64 * 2 ** stage;
        for (let index = 1; index <= count; index += 1) {
          const stride = stage > 0 && index === 1 ? 2 : 1;
          x = unit(context, x, { name: `block${stage + 1}/unit${index}`, filters, stride, version });
        } // 56 x 56 x 64, 28 x 28 x 128, 14 x 14 x 256, 7 x 7 x 512; four times as wide with bottlenecks
      }
      x = globalMean(context, x); // [batch, 512], or [batch, 2048]
      return dense(context, x, { name: 'logits', units: outputs, activation: 'none' }); // [batch, outputs]
    },
  };
}

/** Parameters at 1000 outputs: 11,689,512. */
export const resnet18 = resnet(18, 'v1.5');
/** Parameters at 1000 outputs: 21,797,672. */
export const resnet34 = resnet(34, 'v1.5');
/** Parameters at 1000 outputs: 25,557,032. */
export const resnet50 = resnet(50, 'v1.5');
/** Parameters at 1000 outputs: 44,549,160. */
export const resnet101 = resnet(101, 'v1.5');
/** Parameters at 1000 outputs: 60,192,808. */
export const resnet152 = resnet(152, 'v1.5');

/** The paper's, with as many parameters as {@link resnet50}. */
export const resnet50V1 = resnet(50, 'v1');
/** The paper's, with as many parameters as {@link resnet101}. */
export const resnet101V1 = resnet(101, 'v1');
/** The paper's, with as many parameters as {@link resnet152}. */
export const resnet152V1 = resnet(152, 'v1');
