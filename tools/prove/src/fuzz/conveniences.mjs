/** Calls of the functions that are written by hand: operations, input pipelines, initial values. */
import * as tensorflow from '@bluewaters/tensorflow';
import { anyDtype, anyShape, FILLED, realNumber, tensor, text, wholeNumber } from './values.mjs';

/** @import { DType, Output } from '@bluewaters/tensorflow' */
/** @import { Materials } from './typed.mjs' */

const { dataset } = tensorflow;

/** @param {Materials} materials @param {DType} [dtype] */
function input({ random, scope, outputs, keep }, dtype) {
  const fitting = dtype === undefined ? outputs : outputs.filter((output) => output.dtype === dtype);
  if (fitting.length > 0 && random.chance(0.4)) return random.pick(fitting);
  return scope.constant(keep(tensor(random, dtype ?? random.pick([...FILLED, 'float32', 'float32', 'float32']))));
}

/** @param {Materials} materials */
const axes = ({ random }) => random.list(random.below(4), () => wholeNumber(random));

/** @param {Materials} materials @returns {tensorflow.Window} */
const window = ({ random }) => [wholeNumber(random), wholeNumber(random)];

/** By what is told of them. @type {Readonly<Record<string, (materials: Materials) => Output | readonly Output[]>>} */
const CALLS = {
  constant: ({ random, scope }) =>
    scope.constant(realNumber(random), {
      dtype: anyDtype(random),
      shape: /** @type {number[]} */ (anyShape(random) ?? []),
    }),
  tensor: ({ random, scope, keep }) =>
    scope.constant(keep(tensorflow.Tensor.of('uint8', /** @type {number[]} */ (anyShape(random) ?? []), [1]))),
  allocate: ({ random, scope, keep }) => {
    const shape = /** @type {number[]} */ (anyShape(random) ?? []);
    return scope.constant(keep(tensorflow.Tensor.allocate(random.pick(FILLED), shape)));
  },
  placeholder: ({ random, scope }) => scope.placeholder(anyDtype(random), anyShape(random)),
  oddName: ({ random, scope }) =>
    scope.child(String(text(random))).placeholder('float32', [], { name: String(text(random)) }),
  oddDevice: ({ random, scope }) => scope.on(String(text(random))).placeholder('float32', []),
  cast: (m) => tensorflow.cast(m.scope, input(m), anyDtype(m.random)),
  concat: (m) =>
    tensorflow.concat(
      m.scope,
      m.random.list(m.random.below(4), () => input(m)),
      wholeNumber(m.random),
    ),
  expandDims: (m) => tensorflow.expandDims(m.scope, input(m), wholeNumber(m.random)),
  gather: (m) => tensorflow.gather(m.scope, input(m), input(m, 'int32'), { axis: wholeNumber(m.random) }),
  oneHot: (m) => tensorflow.oneHot(m.scope, input(m, 'int32'), wholeNumber(m.random)),
  pack: (m) =>
    tensorflow.pack(
      m.scope,
      m.random.list(m.random.below(4), () => input(m)),
      { axis: wholeNumber(m.random) },
    ),
  reshape: (m) => tensorflow.reshape(m.scope, input(m), /** @type {number[]} */ (anyShape(m.random) ?? [])),
  squeeze: (m) => tensorflow.squeeze(m.scope, input(m), axes(m)),
  transpose: (m) => tensorflow.transpose(m.scope, input(m), axes(m)),
  sum: (m) => tensorflow.sum(m.scope, input(m), { axes: axes(m) }),
  mean: (m) => tensorflow.mean(m.scope, input(m), { axes: axes(m) }),
  argMax: (m) => tensorflow.argMax(m.scope, input(m), wholeNumber(m.random)),
  matMul: (m) => tensorflow.matMul(m.scope, input(m, 'float32'), input(m, 'float32')),
  addN: (m) =>
    tensorflow.addN(
      m.scope,
      m.random.list(m.random.below(4), () => input(m)),
    ),
  conv2d: (m) =>
    tensorflow.conv2d(m.scope, input(m, 'float32'), input(m, 'float32'), { strides: window(m), padding: 'SAME' }),
  maxPool: (m) => tensorflow.maxPool(m.scope, input(m, 'float32'), window(m), { strides: window(m), padding: 'VALID' }),
  avgPool: (m) => tensorflow.avgPool(m.scope, input(m, 'float32'), window(m), { strides: window(m), padding: 'VALID' }),
  softmax: (m) => tensorflow.softmax(m.scope, input(m, 'float32')),
  decodeImage: (m) => tensorflow.decodeImage(m.scope, input(m, 'string'), { channels: m.random.pick([1, 3]) }),
  decodeJpeg: (m) => tensorflow.decodeJpeg(m.scope, input(m, 'string'), { channels: m.random.pick([1, 3]) }),
  clipByNorm: (m) => tensorflow.clipByNorm(m.scope, input(m, 'float32'), realNumber(m.random)),
  variable: (m) => {
    const shape = /** @type {number[]} */ (anyShape(m.random) ?? []);
    const made = tensorflow.variable(m.scope, 'v', {
      dtype: anyDtype(m.random),
      shape,
      initializer: tensorflow.initializers.zeros(),
    });
    return made.value;
  },
  slices: (m) =>
    elements(
      m,
      dataset.tensorSlices(
        m.scope,
        m.random.list(m.random.below(3), () => input(m)),
      ),
    ),
  range: (m) => elements(m, dataset.range(m.scope, wholeNumber(m.random), wholeNumber(m.random))),
};

/** @param {Materials} materials @param {tensorflow.Dataset} source */
function elements(materials, source) {
  const { random, scope } = materials;
  let described = source;
  const count = () => wholeNumber(random);
  for (let i = random.below(4); i > 0; i--) {
    switch (random.below(6)) {
      case 0:
        described = dataset.batch(scope, described, { size: count(), dropRemainder: random.chance(0.5) });
        break;
      case 1:
        described = dataset.shuffle(scope, described, { bufferSize: 1 + random.below(9), seed: [count(), count()] });
        break;
      case 2:
        described = dataset.skip(scope, described, count());
        break;
      case 3:
        described = dataset.unbatch(scope, described);
        break;
      case 4:
        described = dataset.shard(scope, described, { count: count(), index: count() });
        break;
      default:
        described = dataset.take(scope, described, count());
    }
  }
  const { next } = dataset.iterator(scope, described);
  return [described.variant, ...next];
}

/**
 * Calls one of them.
 *
 * @param {Materials} materials
 * @param {(doing: string) => void} tell
 */
export function callConvenience(materials, tell) {
  const name = materials.random.pick(Object.keys(CALLS));
  tell(`build ${name}`);
  const given = CALLS[name]?.(materials);
  return Array.isArray(given) ? given : [/** @type {Output} */ (given)];
}
