/** First values of variables. The random ones depend on a seed and on the variable's name only. */
import type { DType, FloatDType } from './dtypes.js';
import * as raw from './generated/operations/index.js';
import type { Output } from './operation.js';
import { cast, concat, reshape, transpose } from './operations/arrays.js';
import { sign } from './operations/elementwise.js';
import { add, mul, sub } from './operations/math.js';
import { slice } from './operations/slices.js';
import type { Scope } from './scope.js';

/** Adds the operations that compute a first value of the given shape and dtype. */
export type Initializer = (scope: Scope, shape: readonly number[], dtype: DType) => Output;

/** The seed of a random initializer. */
export interface SeedOptions {
  /** A whole number of the run; every variable draws its own values from it, told apart by its name. */
  readonly seed: number;
}

/** All zero. */
export function zeros(): Initializer {
  return constant(0);
}

/** All one. */
export function ones(): Initializer {
  return constant(1);
}

/** The same number everywhere. */
export function constant(value: number): Initializer {
  return (scope, shape, dtype) => {
    const dims = scope.constant(Int32Array.from(shape), { name: 'shape' });
    return raw.fill(scope, { dims, value: late(scope, scope.constant(value, { dtype, name: 'value' })) });
  };
}

/** Normal around zero, drawn again beyond two standard deviations. */
export function truncatedNormal({ stddev, seed }: SeedOptions & { readonly stddev: number }): Initializer {
  return (scope, shape, dtype) =>
    scaled(scope, draw(scope, raw.statelessTruncatedNormal, { shape, dtype, seed }), stddev);
}

/** Normal around zero. */
export function normal({ stddev, seed }: SeedOptions & { readonly stddev: number }): Initializer {
  return (scope, shape, dtype) => scaled(scope, draw(scope, raw.statelessRandomNormal, { shape, dtype, seed }), stddev);
}

/** Uniform from minus `limit` to `limit`. */
export function uniform({ limit, seed }: SeedOptions & { readonly limit: number }): Initializer {
  return (scope, shape, dtype) => {
    const unit = draw(scope, raw.statelessRandomUniform, { shape, dtype, seed });
    const half = scope.constant(0.5, { dtype, name: 'half' });
    return scaled(scope, sub(scope, unit, half), 2 * limit);
  };
}

/**
 * Uniform between plus and minus sqrt(6 / (fan in + fan out)).
 *
 * @see Glorot and Bengio 2010.
 */
export function glorotUniform({ seed }: SeedOptions): Initializer {
  return byFans(({ fanIn, fanOut }) => uniform({ limit: Math.sqrt(6 / (fanIn + fanOut)), seed }));
}

/**
 * Normal with standard deviation sqrt(2 / (fan in + fan out)) after truncation.
 *
 * @see Glorot and Bengio 2010.
 */
export function glorotNormal({ seed }: SeedOptions): Initializer {
  return byFans(({ fanIn, fanOut }) => truncatedTo(Math.sqrt(2 / (fanIn + fanOut)), seed));
}

/** The standard deviation of a normal distribution that is cut off at plus and minus two. */
const TRUNCATED_STDDEV = 0.8796256610342398;

/**
 * Normal with standard deviation sqrt(2 / fan in) after truncation, for layers followed by a ReLU.
 *
 * @see He et al. 2015.
 */
export function heNormal({ seed }: SeedOptions): Initializer {
  return byFans(({ fanIn }) => truncatedTo(Math.sqrt(2 / fanIn), seed));
}

/**
 * Uniform between plus and minus sqrt(6 / fan in), for layers followed by a ReLU.
 *
 * @see He et al. 2015.
 */
export function heUniform({ seed }: SeedOptions): Initializer {
  return byFans(({ fanIn }) => uniform({ limit: Math.sqrt(6 / fanIn), seed }));
}

/**
 * A random orthogonal matrix, times `gain`: of [..., inputs, outputs], flattened to two axes, the columns are of length
 * 1 and at right angles to one another, or the rows where there are fewer of them. For float32 and float64.
 *
 * @param options `gain` is 1 by default.
 * @see Saxe, McClelland and Ganguli 2014; drawn evenly over all such matrices as in Mezzadri 2007, section 5.
 */
export function orthogonal({ gain = 1, seed }: SeedOptions & { readonly gain?: number }): Initializer {
  return (scope, shape, dtype) => {
    const columns = shape.at(-1) ?? 1;
    const rows = shape.slice(0, -1).reduce((product, length) => product * length, 1);
    const tall = [Math.max(rows, columns), Math.min(rows, columns)];
    const normals = draw(scope, raw.statelessRandomNormal, { shape: tall, dtype, seed });
    const { q, r } = raw.qr(scope, { input: normals });
    // A decomposition leaves the signs open; with those of R's diagonal it favours no direction.
    const evenly = mul(scope, q, sign(scope, raw.matrixDiagPart(scope, { input: r })));
    return reshape(scope, mul(scope, rows < columns ? transpose(scope, evenly, [1, 0]) : evenly, gain), shape);
  };
}

/**
 * Filters of which the first, as many as there are inputs, hand on what is in the middle of their window, one input each;
 * the others are drawn by `others`. A layer then starts with all that the one before it knows.
 *
 * @param options `others` draws [height, width, inputs, outputs] at least.
 * @see Zagoruyko and Komodakis 2017, "DiracNets".
 */
export function dirac({ others }: { readonly others: Initializer }): Initializer {
  return (scope, shape, dtype) => {
    const [height = 1, width = 1, inputs = 1, outputs = 1] = shape;
    const handed = Math.min(inputs, outputs);
    const middle = Math.floor(height / 2) * width + Math.floor(width / 2);
    const ones = new Float32Array(height * width * inputs * handed);
    for (let input = 0; input < handed; input += 1) ones[(middle * inputs + input) * handed + input] = 1;
    const dims = [height, width, inputs, handed];
    const first = cast(scope, scope.constant(ones, { shape: dims, name: 'handed' }), dtype);
    if (handed === outputs) return first;
    const rest = others(scope, shape, dtype);
    return concat(scope, [first, slice(scope, rest, { begin: [0, 0, 0, handed], size: [-1, -1, -1, -1] })], 3);
  };
}

function byFans(choose: (fans: { fanIn: number; fanOut: number }) => Initializer): Initializer {
  return (scope, shape, dtype) => choose(fans(shape))(scope, shape, dtype);
}

/** @param stddev After truncation. */
function truncatedTo(stddev: number, seed: number): Initializer {
  return truncatedNormal({ stddev: stddev / TRUNCATED_STDDEV, seed });
}

/** @param shape [..., inputs, outputs]; the axes in front are the receptive field. */
function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  const field = shape.slice(0, -2).reduce((product, length) => product * length, 1);
  const outputs = shape.at(-1) ?? 1;
  return { fanIn: field * (shape.at(-2) ?? outputs), fanOut: field * outputs };
}

interface Draw {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly seed: number;
}

/** A generated function that draws without state. */
type Drawing = typeof raw.statelessRandomNormal;

function draw(scope: Scope, drawn: Drawing, { shape, dtype, seed }: Draw): Output {
  const dims = scope.constant(Int32Array.from(shape), { name: 'shape' });
  const key = scope.constant(BigInt64Array.of(BigInt(seed), hashOfName(scope.name)), { name: 'seed' });
  return drawn<FloatDType>(scope, { shape: dims, seed: late(scope, key) }, { dtype: dtype as FloatDType });
}

/**
 * The same number, by an operation that TensorFlow does not run beforehand. Whatever depends on nothing but constants it
 * computes twice before the first run, and keeps what is below 10 MiB for as long as the session lives: a network's
 * first values, once more beside the present ones.
 */
function late(scope: Scope, number: Output): Output {
  const shape = scope.constant(new Int32Array(), { name: 'scalar' });
  return add(scope, number, raw.empty(scope, { shape }, { dtype: number.dtype, init: true }));
}

function scaled(scope: Scope, values: Output, factor: number): Output {
  const by = scope.constant(factor, { dtype: values.dtype, name: 'scale' });
  return mul(scope, values, by);
}

/** FNV-1a, 32 bits: adding or reordering variables leaves the values of the others as they were. */
function hashOfName(name: string): bigint {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return BigInt(hash);
}
