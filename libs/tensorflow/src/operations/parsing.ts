/** Features out of serialized `tf.train.Example` messages. */
import type { DType } from '../dtypes.js';
import * as raw from '../generated/operations/index.js';
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

/** A feature with any number of values, none among them. */
export interface VariableLengthFeature {
  readonly dtype: FixedLengthFeature['dtype'];
  readonly shape: 'any';
}

/** A feature to take out of a message. */
export type ExampleFeature = FixedLengthFeature | VariableLengthFeature;

/**
 * Takes features out of one message.
 *
 * @param serialized A string scalar: the payload of one record.
 * @returns By the same keys, outputs of the features' dtypes and shapes; a vector for a feature of any length.
 * @throws {CodedError} GRAPH_INVALID when a default does not fit its feature.
 */
export function parseSingleExample<Key extends string>(
  scope: Scope,
  serialized: Output<'string'>,
  features: Readonly<Record<Key, ExampleFeature>>,
  { name }: Named = {},
): Record<Key, Output> {
  const entries = Object.entries<ExampleFeature>(features);
  const fixed = entries.filter((entry): entry is [Key, FixedLengthFeature] => entry[1].shape !== 'any');
  const variable = entries.filter(([, { shape }]) => shape === 'any');
  const { sparse_values, dense_values } = raw.parseSingleExample(
    scope,
    { serialized, dense_defaults: fixed.map(([, feature]) => defaultOf(scope, feature)) },
    {
      name,
      num_sparse: variable.length,
      sparse_keys: variable.map(([key]) => key),
      sparse_types: variable.map(([, { dtype }]) => dtype),
      dense_keys: fixed.map(([key]) => key),
      dense_shapes: fixed.map(([, { shape }]) => shape),
    },
  );
  // Of a vector the values are all there is to know.
  const outputs = [
    ...variable.map(([key], i) => [key, sparse_values[i]] as const),
    ...fixed.map(([key], i) => [key, dense_values[i]] as const),
  ];
  return Object.fromEntries(outputs) as Record<Key, Output>;
}

/** An empty vector tells TensorFlow that there is no default. */
function defaultOf(scope: Scope, { dtype, shape, default: value }: FixedLengthFeature): Output {
  if (value === undefined) return scope.constant([], { dtype, shape: [0], name: 'required' });
  const count = elementCount(shape);
  return scope.constant(value, { dtype, ...(count > 0 && { shape }), name: 'default' });
}
