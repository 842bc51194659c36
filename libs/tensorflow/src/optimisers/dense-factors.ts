/** Gradients of dense layers by their weights, as the products that they are. */
import { attributesIn } from '../attributes-in.js';
import { isLargeDense } from '../large-dense.js';
import type { Operation, Output } from '../operation.js';

/** A gradient that is `x`, transposed, times `arriving`. */
export interface DenseFactors {
  /** What the layer was given, [rows, inputs]. */
  readonly x: Output;
  /** What arrives at its result, [rows, units]. */
  readonly arriving: Output;
  /** What has to be over before the gradient is there. */
  readonly awaited: readonly Operation[];
}

/** The factors of the gradient of a large dense layer by its weights, of few rows; undefined for every other one. */
export function denseFactors(gradient: Output): DenseFactors | undefined {
  const { product, awaited } = identified(gradient);
  if (product.type !== 'MatMul' || gradient.dtype !== 'float32') return undefined;
  const attributes = attributesIn(product);
  if (!attributes.flag('transpose_a') || attributes.flag('transpose_b')) return undefined;
  const [x, arriving] = product.inputs as [Output, Output];
  const [rows, inputs] = x.shape ?? [];
  const [, units] = arriving.shape ?? [];
  if (!rows || !inputs || !units) return undefined;
  return isLargeDense(rows, inputs, units) ? { x, arriving, awaited } : undefined;
}

/** What a tensor comes from, and what those wait for that pass it on. */
function identified({ operation }: Output): { product: Operation; awaited: Operation[] } {
  if (operation.type !== 'Identity') return { product: operation, awaited: [] };
  const awaited = operation
    .toNodeDef()
    .input.filter((name) => name.startsWith('^'))
    .map((name) => operation.graph.operation(name.slice(1)));
  const { product, awaited: before } = identified(operation.input(0));
  return { product, awaited: [...before, ...awaited] };
}
