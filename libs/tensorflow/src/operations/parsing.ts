/** Features out of serialized `tf.train.Example` messages. */
import type { DType } from '../dtypes.js';
import type { Output } from '../operation.js';
import type { Named, Scope } from '../scope.js';
import { elementCount } from '../shape.js';
import type { ConstantValue } from '../constant.js';

/** A feature with a fixed number of values. */
export interface FixedLengthFeature {
  /** What the message holds: bytes, 64-bit integers or floats. */
  readonly dtype: Extract<DType, 'string' | 'int64' | 'float32'>;
  readonly shape: readonly number[];
  /** Stands in where an example lacks the feature; without it such an example is an error. */
  readonly default?: ConstantValue;
}

/**
 * Takes features out of one message.
 *
 * @param serialized A string scalar: the payload of one record.
 * @returns By the same keys, outputs of the features' dtypes and shapes.
 * @throws {CodedError} GRAPH_INVALID when a default does not fit its feature.
 */
export function parseSingleExample<Key extends string>(
  scope: Scope,
  serialized: Output<'string'>,
  features: Readonly<Record<Key, FixedLengthFeature>>,
  { name }: Named = {},
): Record<Key, Output> {
  const keys = Object.keys(features) as Key[];
  const specs = keys.map((key) => features[key]);
  const defaults = specs.map((spec) => defaultOf(scope, spec));
  const operation = scope.op('ParseSingleExample', {
    name,
    inputs: [serialized, defaults],
    attributes: {
      num_sparse: 0,
      sparse_keys: [],
      sparse_types: [],
      dense_keys: keys,
      Tdense: specs.map(({ dtype }) => dtype),
      dense_shapes: specs.map(({ shape }) => shape),
    },
  });
  return Object.fromEntries(keys.map((key, i) => [key, operation.output(i)])) as Record<Key, Output>;
}

/** An empty vector tells TensorFlow that there is no default. */
function defaultOf(scope: Scope, { dtype, shape, default: value }: FixedLengthFeature): Output {
  if (value === undefined) return scope.constant([], { dtype, shape: [0], name: 'required' });
  const count = elementCount(shape);
  return scope.constant(value, { dtype, ...(count > 0 && { shape }), name: 'default' });
}
