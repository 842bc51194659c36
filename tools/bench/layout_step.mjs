/**
 * One side of a measurement: forward and backward through a stack of convolutions, batch normalisation and ReLU, in one
 * of the layouts that TensorFlow has.
 *
 * usage: layout_step.mjs NHWC|NCHW BATCH
 *
 * Networks here are NHWC, TensorFlow's own; on a CPU only oneDNN computes the other. The shapes are those of a middle
 * stage of ResNet-50: 64 channels, 56 by 56. It answers by `side.mjs`'s protocol.
 */
import { gradients, Graph, group, initializers, Session, sum, variable } from '@bluewaters/tensorflow';
import { answer } from './answer.mjs';

const [layout = 'NHWC', batch = '8'] = process.argv.slice(2);
const [CHANNELS, SIZE, DEPTH] = [64, 56, 6];
const picture = layout === 'NHWC' ? [SIZE, SIZE, CHANNELS] : [CHANNELS, SIZE, SIZE];

const graph = new Graph();
const scope = graph.scope();
const random = (/** @type {number} */ seed) => initializers.truncatedNormal({ stddev: 0.05, seed });
const of = (/** @type {string} */ name, /** @type {number[]} */ itsShape, /** @type {number} */ seed) =>
  variable(scope, name, { dtype: 'float32', shape: itsShape, initializer: random(seed) });

const pictures = of('pictures', [Number(batch), ...picture], 1);
const ones = scope.constant(new Float32Array(CHANNELS).fill(1));
const zeros = scope.constant(new Float32Array(CHANNELS));
const none = scope.constant(new Float32Array(0));
const filters = Array.from({ length: DEPTH }, (_, i) => of(`filter${i}`, [3, 3, CHANNELS, CHANNELS], i + 2));

let features = pictures.value;
for (const filter of filters) {
  const convolved = scope.op('Conv2D', {
    inputs: [features, filter.value],
    attributes: { strides: [1, 1, 1, 1], padding: 'SAME', data_format: layout },
  });
  const normal = scope.op('FusedBatchNormV3', {
    inputs: [convolved.output(), ones, zeros, none, none],
    attributes: { data_format: layout, is_training: true, epsilon: 1e-3 },
  });
  features = scope.op('Relu', { inputs: [normal.output(0)] }).output();
}
const loss = sum(scope, features);
const found = gradients(scope, [loss], filters.map(({ value }) => value)); // prettier-ignore
const step = group(scope, found.map(({ operation }) => operation)); // prettier-ignore

const session = new Session(graph, { intraOpThreads: 2, interOpThreads: 2 });
await session.run({ targets: [pictures, ...filters].map(({ initializer }) => initializer) });
await answer(async () => {
  const [tensor] = await session.run({ fetches: [loss], targets: [step] });
  const value = tensor?.number() ?? NaN;
  tensor?.[Symbol.dispose]();
  return value;
});
