/**
 * One side of a measurement: trainOnBatch of stock tfjs-node on one batch of random pictures.
 *
 * usage: tfjs_step.mjs resnet-20|resnet-50 BATCH
 *
 * Shortcuts that change the shape are projections also in resnet-20: the layers have no padding of channels.
 */
import * as tfjs from '@tensorflow/tfjs-node-gpu';
import { answer } from './answer.mjs';

const tf = /** @type {typeof import('@tensorflow/tfjs')} */ (tfjs.default ?? tfjs);
const { layers } = tf;

/** @typedef {import('@tensorflow/tfjs').SymbolicTensor} Symbolic */

/** @type {(x: Symbolic, filters: number, size: number, strides?: number) => Symbolic} */
const conv = (x, filters, kernelSize, strides = 1) =>
  norm(
    layers
      .conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false, kernelInitializer: 'heNormal' })
      .apply(x),
  );
const norm = (x) => layers.batchNormalization().apply(x);
const relu = (x) => layers.activation({ activation: 'relu' }).apply(x);
const join = (x, y) => relu(layers.add().apply([x, y]));
const head = (input, x) =>
  tf.model({
    inputs: input,
    outputs: layers.dense({ units: 1001, activation: 'softmax' }).apply(layers.globalAveragePooling2d({}).apply(x)),
  });

function resnet20() {
  const input = tf.input({ shape: [32, 32, 3] });
  let x = relu(conv(input, 16, 3));
  for (const [stage, filters] of [16, 32, 64].entries()) {
    for (let unit = 0; unit < 3; unit += 1) {
      const stride = stage > 0 && unit === 0 ? 2 : 1;
      const shortcut = stride === 1 ? x : conv(x, filters, 1, stride);
      x = join(conv(relu(conv(x, filters, 3, stride)), filters, 3), shortcut);
    }
  }
  return head(input, x);
}

function resnet50() {
  const input = tf.input({ shape: [224, 224, 3] });
  const stem = relu(conv(input, 64, 7, 2));
  let x = layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }).apply(stem);
  for (const [stage, units] of [3, 4, 6, 3].entries()) {
    const filters = 64 * 2 ** stage;
    for (let unit = 0; unit < units; unit += 1) {
      const stride = stage > 0 && unit === 0 ? 2 : 1;
      const shortcut = unit === 0 ? conv(x, 4 * filters, 1, stride) : x;
      const inner = relu(conv(relu(conv(x, filters, 1)), filters, 3, stride));
      x = join(conv(inner, 4 * filters, 1), shortcut);
    }
  }
  return head(input, x);
}

const [name, batch = '2'] = process.argv.slice(2);
const model = name === 'resnet-20' ? resnet20() : resnet50();
model.compile({ optimizer: tf.train.momentum(0.01, 0.9), loss: 'sparseCategoricalCrossentropy' });
const [, side = 0] = model.inputs[0]?.shape ?? [];
const images = tf.randomNormal([Number(batch), side ?? 0, side ?? 0, 3]);
const labels = tf.randomUniform([Number(batch), 1], 1, 1001, 'int32').toFloat();
await answer(async () => Number(await model.trainOnBatch(images, labels)));
