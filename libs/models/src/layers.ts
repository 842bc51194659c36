import { CodedError } from '@bluewaters/errors';
import { biasAdd, conv2d, matMul, maxPool, relu, reshape, type Output } from '@bluewaters/tensorflow';
import type { BuildContext } from './network.js';

/** A layer's options that convolution and dense have alike. */
interface LayerOptions {
  /** Names the scope of its operations and the prefix of its variables. */
  readonly name: string;
  /** Default `relu`. */
  readonly activation?: 'relu' | 'none';
}

/** Number in an axis that must be known when the graph is built. */
function axis(x: Output, index: number): number {
  const size = x.shape?.[index];
  if (typeof size === 'number') return size;
  throw new CodedError('GRAPH_INVALID', `Axis ${index} of ${x.name} must be known while the graph is built`);
}

/**
 * Convolution with bias, padded to keep the size.
 * @param x float32 [batch, height, width, channels].
 * @returns float32 [batch, height / stride, width / stride, filters].
 */
export function convolution(
  context: BuildContext,
  x: Output,
  options: LayerOptions & { readonly filters: number; readonly size: number; readonly stride?: number },
): Output {
  const { name, filters, size, stride = 1, activation = 'relu' } = options;
  const scope = context.scope.child(name);
  const weights = context.variables.get(`${name}/weights`, [size, size, axis(x, 3), filters], 'he-normal');
  const biases = context.variables.get(`${name}/biases`, [filters], 'zeros');
  const y = conv2d(scope, x, weights.value, { strides: [stride, stride] });
  const z = biasAdd(scope, y, biases.value);
  return activation === 'relu' ? relu(scope, z) : z;
}

/**
 * Largest value of each window, padded.
 * @param x float32 [batch, height, width, channels].
 * @returns float32 [batch, height / stride, width / stride, channels].
 */
export function pooling(
  context: BuildContext,
  x: Output,
  options: { readonly name: string; readonly size: number; readonly stride: number },
): Output {
  const { name, size, stride } = options;
  return maxPool(context.scope.child(name), x, [size, size], { strides: [stride, stride] });
}

/**
 * One row for each example.
 * @param x float32 [batch, …].
 * @returns float32 [batch, product of the other axes].
 */
export function flatten(context: BuildContext, x: Output): Output {
  const width = (x.shape ?? []).slice(1).reduce<number>((product, _, index) => product * axis(x, index + 1), 1);
  return reshape(context.scope.child('flatten'), x, [-1, width]);
}

/**
 * Fully connected layer with bias.
 * @param x float32 [batch, inputs].
 * @returns float32 [batch, units].
 */
export function dense(context: BuildContext, x: Output, options: LayerOptions & { readonly units: number }): Output {
  const { name, units, activation = 'relu' } = options;
  const scope = context.scope.child(name);
  const initial = activation === 'relu' ? 'he-normal' : 'glorot-uniform';
  const weights = context.variables.get(`${name}/weights`, [axis(x, 1), units], initial);
  const biases = context.variables.get(`${name}/biases`, [units], 'zeros');
  const y = biasAdd(scope, matMul(scope, x, weights.value), biases.value);
  return activation === 'relu' ? relu(scope, y) : y;
}
