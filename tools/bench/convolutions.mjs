/**
 * Convolutions and their gradients, ours beside TensorFlow's, for every shape that a network has: CPU milliseconds of both,
 * the least of some turns in which they alternate, and how many times faster ours is. Ours of a convolution itself is
 * measured where there is one.
 *
 *   node tools/bench/convolutions.mjs resnet-50 8 5 1     network, batch, turns, threads
 */
import { networkByName, syntheticTraining } from '@bluewaters/models';
import { Graph, hasNativeOperations, initializers, Session, variable } from '@bluewaters/tensorflow';

const [name = 'resnet-50', batch = '8', turns = '5', count = '1'] = process.argv.slice(2);
const threads = Number(count);

const CONVOLUTION = 'BluewatersConvolution';
const FILTER = 'BluewatersConvolutionFilterGradient';
const INPUT = 'BluewatersConvolutionInputGradient';

/**
 * @typedef {object} Shape
 * @property {readonly number[]} x
 * @property {readonly number[]} filter
 * @property {readonly number[]} arriving
 * @property {bigint[]} strides
 * @property {string} padding
 * @property {number} times In the network.
 */

/** @returns {Shape[]} What the network's filter gradients are of, each once. */
function shapesOf() {
  const training = syntheticTraining(networkByName(name), { batch: Number(batch), convolutions: 'stock' });
  const { graph } = training;
  /** @type {Map<string, Shape>} */
  const shapes = new Map();
  for (const operation of graph.operations()) {
    if (operation.type !== 'Conv2D' || !operation.name.startsWith('train')) continue;
    const { attr } = operation.toNodeDef();
    const strides = attr['strides']?.value.case === 'list' ? attr['strides'].value.value.i : [];
    const padding = attr['padding']?.value.case === 's' ? Buffer.from(attr['padding'].value.value).toString() : '';
    const [x, filter, arriving] = [operation.input(0), operation.input(1), operation.output()].map(
      ({ shape }) => /** @type {number[]} */ (shape),
    );
    if (!x || !filter || !arriving) continue;
    const key = `${x.join('x')} by ${filter.join('x')}, strides ${strides.join()}, ${padding}`;
    const found = shapes.get(key);
    shapes.set(key, { x, filter, arriving, strides, padding, times: (found?.times ?? 0) + 1 });
  }
  graph[Symbol.dispose]();
  return [...shapes.values()];
}

/** @param {Shape} shape */
function hasOwn({ filter, strides, padding }) {
  return filter[0] === 3 && filter[1] === 3 && strides.every((stride) => stride === 1n) && padding === 'SAME';
}

/** @param {Shape} shape */
async function measure(shape) {
  const { x, filter, arriving, strides, padding } = shape;
  const graph = new Graph();
  const scope = graph.scope();
  const variables = [x, filter, arriving].map((shape, seed) =>
    variable(scope, `value_${seed}`, {
      ...{ dtype: 'float32', shape, trainable: false },
      initializer: initializers.truncatedNormal({ stddev: 1, seed }),
    }),
  );
  const [pictures, weights, back] = variables.map(({ value }) => value);
  if (!pictures || !weights || !back) return [];
  const attributes = { strides, padding };
  const ours = { inputs: [pictures, weights, back], attributes: { ...attributes, threads: BigInt(threads) } };
  const sizes = (/** @type {readonly number[]} */ shape) => scope.constant(Int32Array.from(shape));
  const operations = [
    scope.op('Conv2DBackpropFilter', { inputs: [pictures, sizes(filter), back], attributes }),
    scope.op(FILTER, ours),
    scope.op('Conv2DBackpropInput', { inputs: [sizes(x), weights, back], attributes }),
    scope.op(INPUT, ours),
    scope.op('Conv2D', { inputs: [pictures, weights], attributes }),
    ...(hasOwn(shape)
      ? [scope.op(CONVOLUTION, { inputs: [pictures, weights], attributes: { threads: BigInt(threads) } })]
      : []),
  ];
  const session = new Session(graph, { intraOpThreads: threads, interOpThreads: 1 });
  await session.run({ targets: variables.map(({ initializer }) => initializer) });
  const steps = operations.map((operation) => session.prepare({ targets: [operation] }));
  const least = steps.map(() => Infinity);
  for (let turn = 0; turn <= Number(turns); turn += 1) {
    steps.forEach((step, i) => {
      const before = process.cpuUsage();
      step.runSync();
      const { user, system } = process.cpuUsage(before);
      if (turn > 0) least[i] = Math.min(least[i] ?? Infinity, (user + system) / 1e3);
    });
  }
  session[Symbol.dispose]();
  graph[Symbol.dispose]();
  return least;
}

if (!hasNativeOperations()) throw new Error('set-up has compiled no operations of ours');
const total = [0, 0, 0, 0, 0, 0];
const ways = ['filter', 'pictures', 'convolution'].map((of) => `${of}: stock, ours, ratio`);
console.log(`| times | pictures | filter | strides | ${ways.join(' | ')} |`);
console.log('|---|---|---|---|---|---|---|');
for (const shape of shapesOf()) {
  const least = await measure(shape);
  least.forEach((ms, i) => (total[i] = (total[i] ?? 0) + ms * shape.times));
  const [filter = 0, ownFilter = 0, input = 0, ownInput = 0, convolution = 0, own = convolution] = least;
  if (!hasOwn(shape)) total[5] = (total[5] ?? 0) + convolution * shape.times;
  const side = (/** @type {number} */ stock, /** @type {number} */ ours) =>
    `${stock.toFixed(2)}, ${ours.toFixed(2)}, ${(stock / ours).toFixed(2)}`;
  const sizes = [shape.times, shape.x.join('x'), shape.filter.join('x'), shape.strides.slice(1, 3).join('x')];
  const sides = [side(filter, ownFilter), side(input, ownInput), side(convolution, own)];
  console.log(`| ${[...sizes, ...sides].join(' | ')} |`);
}
console.log(`total, ms: ${total.map((ms) => ms.toFixed(0)).join(', ')}`);
