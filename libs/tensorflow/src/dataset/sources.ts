/** Where elements come from. Nothing is read before an iterator of a session asks for it. */
import type { ElementSpec } from '../graph-function.js';
import type { Output } from '../operation.js';
import type { Scope } from '../scope.js';
import { elementAttributes, int64, type Count, type Dataset } from './dataset.js';

/**
 * One element for each index of the first axis, which all components share.
 *
 * @param components Outputs of at least one axis, such as placeholders that the iterator's initializer is fed with.
 */
export function tensorSlices(scope: Scope, components: readonly Output[]): Dataset {
  const elements = components.map(({ dtype, shape }) => ({ dtype, shape: shape?.slice(1) }));
  const { output_types, output_shapes } = elementAttributes(elements);
  const attributes = { Toutput_types: output_types, output_shapes };
  return { variant: scope.op('TensorSliceDataset', { inputs: [components], attributes }).output(), elements };
}

/** The whole numbers (int64) from `start` up to, not including, `stop`, by `step`. */
export function range(scope: Scope, start: Count, stop: Count, step: Count = 1): Dataset {
  const own = scope.child('RangeDataset');
  const inputs = [int64(own, start, 'start'), int64(own, stop, 'stop'), int64(own, step, 'step')];
  const elements: ElementSpec[] = [{ dtype: 'int64', shape: [] }];
  return {
    variant: own.namesake('RangeDataset', { inputs, attributes: elementAttributes(elements) }).output(),
    elements,
  };
}

/** How TFRecord files are read. */
export interface TfRecordOptions {
  /** None by default. */
  readonly compression?: '' | 'ZLIB' | 'GZIP';
  /** Bytes read at a time, 0 for no more than is asked for; 256 KiB by default. */
  readonly bufferBytes?: number;
}

/**
 * The records of TFRecord files, one after the other: string scalars.
 *
 * @param files Paths, a string scalar or vector; local ones.
 */
export function tfRecords(
  scope: Scope,
  files: Output,
  { compression = '', bufferBytes = 256 * 1024 }: TfRecordOptions = {},
): Dataset {
  const own = scope.child('TFRecordDataset');
  const inputs = [
    files,
    own.constant(compression, { name: 'compression_type' }),
    int64(own, bufferBytes, 'buffer_size'),
  ];
  return { variant: own.namesake('TFRecordDataset', { inputs }).output(), elements: [{ dtype: 'string', shape: [] }] };
}

/**
 * The record of an uncompressed TFRecord file that begins at an offset, and those behind it. Only for the functions of
 * `interleave` and `flatMap`: at the top of a pipeline TensorFlow 2.18 refuses it when it rewrites the graph.
 *
 * @param file A string scalar.
 * @param offset Of the record's first framing byte: an int64 scalar.
 */
export function tfRecordsFrom(scope: Scope, file: Output, offset: Output): Dataset {
  const own = scope.child('TFRecordDatasetV2');
  const inputs = [
    file,
    own.constant('', { name: 'compression_type' }),
    int64(own, 0, 'buffer_size'), // one record is wanted, and a buffer would be filled first
    offset,
  ];
  return {
    variant: own.namesake('TFRecordDatasetV2', { inputs }).output(),
    elements: [{ dtype: 'string', shape: [] }],
  };
}
