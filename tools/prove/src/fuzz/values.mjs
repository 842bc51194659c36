/** Values as a program with a fault would give them: mostly likely ones, at times those that nobody thought of. */
import { Tensor } from '@bluewaters/tensorflow';

/** @import { DType, Shape } from '@bluewaters/tensorflow' */
/** @import { Random } from './random.mjs' */

const FLOATS = [0, 1, -1, 0.5, -0, NaN, Infinity, -Infinity, 1e-45, 3.4e38, -1e300, 1e300];
const INTEGERS = [0, 1, 2, 3, -1, -2, 4, 7, 127, 128, -128, 255, 65_536, 2 ** 31 - 1, -(2 ** 31)];
const WIDE = [2 ** 31, -(2 ** 31) - 1, 2 ** 40, 2 ** 53 - 1, -(2 ** 53) + 1];
const BYTES = ['', 'a', 'b', '%s%n', 'SAME', '0', '-1', '1e400', '\0', '\u{1f30a}', 'x'.repeat(300), '(', '[a', 'd,e'];
const ODD_BYTES = [Uint8Array.of(0xff, 0xfe, 0), Uint8Array.of(0xff, 0xd8, 0xff, 0xe0), Uint8Array.of(0xc3, 0x28)];

/** The dtypes whose tensors JavaScript can fill. */
export const FILLED = /** @type {const} */ ([
  ...['float32', 'float64', 'int32', 'uint8', 'int16', 'int8', 'string', 'complex64', 'int64', 'bool'],
  ...['qint8', 'quint8', 'qint32', 'bfloat16', 'qint16', 'quint16', 'uint16', 'complex128', 'float16'],
  ...['uint32', 'uint64', 'float8_e5m2', 'float8_e4m3fn', 'int4', 'uint4'],
]);

/** Elements that a tensor of the fuzz has at most: what is tried is nonsense, not the size of the machine. */
const MOST_ELEMENTS = 4096;

/** @param {Random} random */
export function wholeNumber(random) {
  if (random.chance(0.7)) return random.below(5);
  return random.chance(0.85) ? random.pick(INTEGERS) : random.pick(WIDE);
}

/** @param {Random} random */
export function realNumber(random) {
  return random.chance(0.6) ? random.below(200) / 100 : random.pick(FLOATS);
}

/** @param {Random} random @returns {string | Uint8Array} */
export function text(random) {
  return random.chance(0.8) ? random.pick(BYTES) : random.pick(ODD_BYTES);
}

/** Lengths of a tensor that can exist. @param {Random} random */
export function realShape(random) {
  const rank = random.chance(0.9) ? random.below(6) : random.below(10);
  const shape = random.list(rank, () => (random.chance(0.12) ? 0 : 1 + random.below(4)));
  return shape.reduce((product, length) => product * length, 1) <= MOST_ELEMENTS ? shape : [2];
}

/** A shape as an attribute or a placeholder takes it; at times one that cannot be. @param {Random} random */
export function anyShape(random) {
  if (random.chance(0.1)) return undefined;
  if (random.chance(0.6)) return realShape(random).map((length) => (random.chance(0.15) ? null : length));
  if (random.chance(0.1)) return random.list(random.pick([9, 254, 255, 300]), () => 1);
  return random.list(random.below(6), () => random.pick([1, 2, null, 0, -1, -5, 2 ** 31, 2 ** 40, 2 ** 53 - 1, 0.5]));
}

/** @param {Random} random @param {DType} dtype @param {readonly number[]} [shape] */
export function tensor(random, dtype, shape = realShape(random)) {
  const count = shape.reduce((product, length) => product * length, 1) * (dtype.startsWith('complex') ? 2 : 1);
  return Tensor.of(dtype, shape, elements(random, dtype, count));
}

/** @param {Random} random @param {DType} dtype @param {number} count */
function elements(random, dtype, count) {
  if (dtype === 'string') return random.list(count, () => text(random));
  if (dtype === 'bool') return random.list(count, () => random.chance(0.5));
  const wild = random.chance(0.35);
  if (/^(float|bfloat|complex)/.test(dtype) && !dtype.startsWith('float8')) {
    return random.list(count, () => (wild ? realNumber(random) : random.below(200) / 100));
  }
  const number = () => (wild ? wholeNumber(random) : random.below(4));
  return random.list(count, () => (dtype === 'int64' || dtype === 'uint64' ? BigInt(number()) : number()));
}

/** @param {Random} random @returns {DType} */
export function anyDtype(random) {
  return random.chance(0.6)
    ? random.pick(/** @type {const} */ (['float32', 'int32', 'int64', 'string', 'bool', 'float64']))
    : random.pick([...FILLED, /** @type {const} */ ('resource'), /** @type {const} */ ('variant')]);
}
