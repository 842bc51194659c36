import { conv2d, type Output } from '@bluewaters/tensorflow';
import type { BuildContext } from './network.js';

/**
 * The principal components of the windows of 2 x 2 pixels of small photographs are, to two digits, products of a pattern
 * over the window and a mixture of the colours.
 */
const PATTERNS = [
  [1, 1, 1, 1], // all alike
  [1, 1, -1, -1], // top against bottom
  [1, -1, 1, -1], // left against right
  [1, -1, -1, 1], // diagonal
] as const;
const COLOURS = [
  [1, 1, 1], // grey
  [1, 0, -1], // red against blue
  [1, -2, 1], // green against both
] as const;

/** Mean square along each product, pattern by colour, in CIFAR-10 with channels of mean 0 and deviation 1. */
const MEAN_SQUARES = [
  [9.95, 0.79, 0.178],
  [0.4, 0.00565, 0.00148],
  [0.343, 0.00371, 0.0002],
  [0.0552, 0.0002, 0.00013],
] as const;

/** Added to the mean squares: the faintest components are mostly noise of the cameras, and stay faint. */
const EPSILON = 5e-4;

/** Filters of {@link whitening}: one for each component, and one for its negative, since a rectifier follows. */
export const WHITENED_CHANNELS = 2 * PATTERNS.length * COLOURS.length;

/**
 * Each component of the windows of 2 x 2 pixels scaled to a mean square of 1, and its negative: what a first layer would
 * have to learn, at rates that suit no other layer. Nothing here is trained.
 *
 * @param x [batch, height, width, 3], channels in the order red, green, blue and of mean 0 and deviation 1.
 * @returns [batch, height - 1, width - 1, {@link WHITENED_CHANNELS}].
 * @see Jordan 2024, section 3.2; there components are computed from the data set.
 */
export function whitening(context: BuildContext, x: Output): Output {
  const { scope, precision, dataFormat = 'NHWC' } = context;
  const constant = scope.constant(whiteningFilters(), { shape: [2, 2, 3, WHITENED_CHANNELS], name: 'components' });
  const filters = precision?.input(scope, constant) ?? constant;
  return conv2d(scope, x, filters, { strides: [1, 1], padding: 'VALID', dataFormat });
}

/** [2, 2, 3, {@link WHITENED_CHANNELS}], row by row. */
function whiteningFilters(): Float32Array<ArrayBuffer> {
  const components = PATTERNS.flatMap((pattern, p) => COLOURS.map((colour, c) => component(pattern, colour, [p, c])));
  const filters = [...components, ...components.map((values) => values.map((value) => -value))];
  const weights = new Float32Array(2 * 2 * 3 * filters.length);
  for (const [filter, values] of filters.entries()) {
    for (const [place, value] of values.entries()) weights[place * filters.length + filter] = value;
  }
  return weights;
}

/** A component of length 1, divided by the root of its mean square. */
function component(
  pattern: readonly number[],
  colour: readonly number[],
  [p, c]: readonly [number, number],
): readonly number[] {
  const product = pattern.flatMap((pixel) => colour.map((channel) => pixel * channel));
  const scale = Math.hypot(...product) * Math.sqrt((MEAN_SQUARES[p]?.[c] ?? NaN) + EPSILON);
  return product.map((value) => value / scale);
}
