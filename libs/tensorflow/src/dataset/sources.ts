/** Where elements come from. Nothing is read before an iterator of a session asks for it. */
import type { ElementSpec } from '../graph-function.js';
import * as raw from '../generated/operations/index.js';
import type { Output } from '../operation.js';
import { NAMESAKE, type Scope } from '../scope.js';
import { elementAttributes, int64, type Count, type Dataset } from './dataset.js';

/**
 * One element for each index of the first axis, which all components share.
 *
 * @param components Outputs of at least one axis, such as placeholders that the iterator's initializer is fed with.
 */
export function tensorSlices(scope: Scope, components: readonly Output[]): Dataset {
  const elements = components.map(({ dtype, shape }) => ({ dtype, shape: shape?.slice(1) }));
  const { output_shapes } = elementAttributes(elements);
  return { variant: raw.tensorSliceDataset(scope, { components }, { output_shapes }), elements };
}

/** The whole numbers (int64) from `start` up to, not including, `stop`, by `step`. */
export function range(scope: Scope, start: Count, stop: Count, step: Count = 1): Dataset {
  const own = scope.child('RangeDataset');
  const bounds = { start: int64(own, start, 'start'), stop: int64(own, stop, 'stop'), step: int64(own, step, 'step') };
  const elements: ElementSpec[] = [{ dtype: 'int64', shape: [] }];
  return { variant: raw.rangeDataset(own, bounds, { ...NAMESAKE, ...elementAttributes(elements) }), elements };
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
  files: Output<'string'>,
  { compression = '', bufferBytes = 256 * 1024 }: TfRecordOptions = {},
): Dataset {
  const own = scope.child('TFRecordDataset');
  const inputs = {
    filenames: files,
    compression_type: own.constant(compression, { dtype: 'string', name: 'compression_type' }),
    buffer_size: int64(own, bufferBytes, 'buffer_size'),
  };
  return { variant: raw.tfRecordDataset(own, inputs, NAMESAKE), elements: [{ dtype: 'string', shape: [] }] };
}

/**
 * The record of an uncompressed TFRecord file that begins at an offset, and those behind it. Only for the functions of
 * `interleave` and `flatMap`: at the top of a pipeline TensorFlow 2.18 refuses it when it rewrites the graph.
 *
 * @param file A string scalar.
 * @param offset Of the record's first framing byte: an int64 scalar.
 */
export function tfRecordsFrom(scope: Scope, file: Output<'string'>, offset: Output<'int64'>): Dataset {
  const own = scope.child('TFRecordDatasetV2');
  const inputs = {
    filenames: file,
    compression_type: own.constant('', { name: 'compression_type' }),
    buffer_size: int64(own, 0, 'buffer_size'), // one record is wanted, and a buffer would be filled first
    byte_offsets: offset,
  };
  return { variant: raw.tfRecordDatasetV2(own, inputs, NAMESAKE), elements: [{ dtype: 'string', shape: [] }] };
}
