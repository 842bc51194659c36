/**
 * One side of `small-step.mjs`: a perceptron of 784-128-10 on batches of 32 with plain gradient descent, by a prepared
 * step that blocks, as Python's does. A batch is written into TensorFlow's memory and the loss is read back, each step.
 *
 * With `--once` it makes a single step, prints the processor's seconds since its start, and ends: one side of `start.mjs`.
 */
import {
  add,
  gradients,
  Graph,
  group,
  initializers,
  matMul,
  relu,
  Session,
  softmaxCrossEntropyLoss,
  Tensor,
  variable,
} from '@bluewaters/tensorflow';
import { answer } from './answer.mjs';

const graph = new Graph();
const scope = graph.scope();
const images = scope.placeholder('float32', [null, 784], { name: 'images' });
const labels = scope.placeholder('int64', [null], { name: 'labels' });
/** @type {import('@bluewaters/tensorflow').Variable[]} */
const variables = [];

/**
 * @param {import('@bluewaters/tensorflow').Scope} layer
 * @param {import('@bluewaters/tensorflow').Output} input [batch, from]
 * @param {readonly [from: number, to: number]} size
 */
function dense(layer, input, [from, to]) {
  const make = (name, shape, initializer) => variable(layer, name, { dtype: 'float32', shape, initializer });
  const weights = make('weights', [from, to], initializers.glorotUniform({ seed: 1 }));
  const biases = make('biases', [to], initializers.zeros());
  variables.push(weights, biases);
  return add(layer, matMul(layer, input, weights.value), biases.value);
}

const hidden = relu(scope, dense(scope.child('hidden'), images, [784, 128]));
const loss = softmaxCrossEntropyLoss(scope, dense(scope.child('output'), hidden, [128, 10]), labels);
const slopes = gradients(
  scope,
  [loss],
  variables.map(({ value }) => value),
);
const rate = scope.constant(0.1);
const updates = variables.map(({ handle }, i) =>
  scope.op('ResourceApplyGradientDescent', { inputs: [handle, rate, slopes[i]] }),
);
const session = new Session(graph, { intraOpThreads: 1, interOpThreads: 1, singleThreadedExecutor: true });
await session.run({ targets: variables.map(({ initializer }) => initializer) });
const step = session.prepare({ feeds: [images, labels], fetches: [loss], targets: [group(scope, updates)] });

const pixels = Float32Array.from({ length: 32 * 784 }, (_, i) => ((i * 7919) % 1000) / 1000);
const classes = BigInt64Array.from({ length: 32 }, (_, i) => BigInt(i % 10));
const fed = [Tensor.allocate('float32', [32, 784]), Tensor.allocate('int64', [32])];

function train() {
  fed[0].view('float32').set(pixels);
  fed[1].view('int64').set(classes);
  const [tensor] = step.runSync(fed);
  const value = tensor.number();
  tensor[Symbol.dispose]();
  return value;
}

if (process.argv.includes('--once')) {
  train();
  const { user, system } = process.cpuUsage();
  console.log((user + system) / 1e6);
} else {
  await answer(train);
}
