/**
 * Gradients of dense layers by what they are given, by an operation of ours, in a graph that TensorFlow's rules have derived.
 *
 * Few rows times a large matrix, transposed, takes as long as the matrix takes from memory; TensorFlow's product takes two to
 * three times as long. Turned around it is a convolution with a window of one pixel: each row of weights is a pixel, what
 * arrives is the filter.
 */
import { attributesIn } from './attributes-in.js';
import { isLargeDense } from './large-dense.js';
import type { Operation, Output } from './operation.js';
import { reshape, transpose } from './operations/arrays.js';
import { replaceOperations } from './replacements.js';
import type { Scope } from './scope.js';

/** What arrives, [rows, units], times weights, [inputs, units], transposed. */
interface Product {
  readonly arriving: Output;
  readonly weights: Output;
  readonly rows: number;
  readonly inputs: number;
  readonly units: number;
}

/**
 * Has gradients by the inputs of large dense layers computed by an operation of ours, in float32, where what arrives has few
 * rows (`docs/decisions/0012-gradients-of-convolutions.md`). Nothing changes where {@link fasterConvolutions} would change
 * nothing. The numbers differ in rounding.
 *
 * @param scope Where the operations go.
 * @param slopes Gradients, as `gradients` gave them; no session has run them.
 * @param threads Within one operation; 0, the default, takes every core.
 * @returns What to use instead of `slopes`.
 */
export function fasterDenseGradients(scope: Scope, slopes: readonly Output[], threads = 0): Output[] {
  return replaceOperations(slopes, (operation) => {
    const product = operation.type === 'MatMul' ? productOf(operation) : undefined;
    return product && [turnedAround(scope, product, threads)];
  });
}

/** Undefined for what is not such a product, or too small or too large to gain by it. */
function productOf(operation: Operation): Product | undefined {
  const attributes = attributesIn(operation);
  const [arriving, weights] = operation.inputs as [Output, Output];
  const [rows] = arriving.shape ?? [];
  const [inputs, units] = weights.shape ?? [];
  if (attributes.flag('transpose_a') || !attributes.flag('transpose_b')) return undefined;
  if (!rows || !inputs || !units || weights.dtype !== 'float32') return undefined;
  return isLargeDense(rows, inputs, units) ? { arriving, weights, rows, inputs, units } : undefined;
}

function turnedAround(scope: Scope, { arriving, weights, rows, inputs, units }: Product, threads: number): Output {
  const filter = reshape(scope, transpose(scope, arriving, [1, 0]), [1, 1, units, rows]);
  const pictures = reshape(scope, weights, [1, inputs, 1, units]);
  const attributes = { threads: BigInt(threads) };
  const result = scope.op('BluewatersConvolution', { inputs: [pictures, filter], attributes }).output();
  return transpose(scope, reshape(scope, result, [inputs, rows]), [1, 0]);
}
