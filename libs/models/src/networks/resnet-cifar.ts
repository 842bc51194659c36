import { add, avgPool, pad, relu, type Output } from '@bluewaters/tensorflow';
import { convolution, dense, globalMean } from '../layers.js';
import type { BuildContext, Network } from '../network.js';
import { channelsOf, paddingsOf } from '../picture-axes.js';

const NORM = { decay: 0.9, epsilon: 1.001e-5 };

/** Two 3 x 3 convolutions beside a shortcut without parameters. */
function unit(
  context: BuildContext,
  x: Output,
  { name, filters, stride }: { readonly name: string; readonly filters: number; readonly stride: number },
): Output {
  const inner = convolution(context, x, { name: `${name}/conv1`, filters, size: 3, stride, norm: NORM });
  const y = convolution(context, inner, { name: `${name}/conv2`, filters, size: 3, norm: NORM, activation: 'none' });
  const shortcut = stride === 1 ? x : halved(context, x, { name: `${name}/shortcut`, filters });
  const scope = context.scope.child(`${name}/sum`);
  return relu(scope, add(scope, y, shortcut));
}

/** Every second pixel, with channels of zeros beside its own (option A of the paper). */
function halved(
  context: BuildContext,
  x: Output,
  { name, filters }: { readonly name: string; readonly filters: number },
): Output {
  const scope = context.scope.child(name);
  const pixels = avgPool(scope, x, [1, 1], { strides: [2, 2], dataFormat: context.dataFormat ?? 'NHWC' });
  const more = (filters - channelsOf(context, x)) / 2;
  return pad(scope, pixels, paddingsOf(context, { channels: [more, more] }));
}

/**
 * A residual network for CIFAR: three stages of `units` units, 6 · units + 2 layers.
 *
 * @see He et al. 2015, "Deep residual learning for image recognition", section 4.2.
 */
function resnetCifar(units: number): Network {
  const depth = 6 * units + 2;
  return {
    name: `resnet-${depth}`,
    description: `residual network with ${depth} layers, for 32 x 32 colour pictures, such as CIFAR-10`,
    publication: {
      citation: 'He et al. 2015, section 4.2',
      url: 'https://arxiv.org/abs/1512.03385',
      outputs: 10,
    },
    input: { imageSize: 32, channels: 3, mean: [0.491, 0.482, 0.447], std: [0.247, 0.243, 0.262] },
    recipe: { epochs: 164, batch: 128, learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4, augmentation: ['flip'] },
    build(context, images, outputs) {
      let x = images; // [batch, 32, 32, 3]
      x = convolution(context, x, { name: 'conv1', filters: 16, size: 3, norm: NORM }); // [batch, 32, 32, 16]
      for (const [stage, filters] of [16, 32, 64].entries()) {
        for (let index = 1; index <= units; index += 1) {
          const stride = stage > 0 && index === 1 ? 2 : 1; // sides 32, 16, 8
          x = unit(context, x, { name: `block${stage + 1}/unit${index}`, filters, stride });
        }
      } // [batch, 8, 8, 64]
      return dense(context, globalMean(context, x), { name: 'logits', units: outputs, activation: 'none' });
    },
  };
}

/** Parameters at 10 outputs: 269,722, the paper's 0.27 million. */
export const resnet20 = resnetCifar(3);
/** Parameters at 10 outputs: 464,154, the paper's 0.46 million. */
export const resnet32 = resnetCifar(5);
/** Parameters at 10 outputs: 853,018, the paper's 0.85 million. */
export const resnet56 = resnetCifar(9);
