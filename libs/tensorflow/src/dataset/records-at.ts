/** Records of TFRecord files in any order, each by where it lies. */
import { hasNativeOperations } from '../native-operations.js';
import * as raw from '../generated/operations/index.js';
import { gather } from '../operations/slices.js';
import type { Output } from '../operation.js';
import type { Scope } from '../scope.js';
import { elementAttributes, int64, type Count, type Dataset } from './dataset.js';
import { interleave, map } from './functions.js';
import { range, tensorSlices, tfRecordsFrom } from './sources.js';
import { take, unbatch } from './transformations.js';

/** Where records lie; three vectors of one length, in the order in which the records are wanted. */
export interface RecordPlaces {
  /** string [files]: local paths. */
  readonly files: Output;
  /** int64 [records]: which of the files each record is in. */
  readonly fileIndex: Output;
  /** int64 [records]: of each record's first framing byte, in bytes. */
  readonly offset: Output;
  /** int64 [records]: of each record with its framing, in bytes. */
  readonly length: Output;
}

/** How records are read. */
export interface RecordsAtOptions {
  /** Reads at the same time; 1 by default. */
  readonly parallelism?: Count;
  /** Records that one call reads, which spares most of the cost of calls; 16 by default. */
  readonly recordsPerRead?: number;
  /**
   * `native` is our own operation, which `npm run setup` compiles; `stock` opens a file for every record and costs about
   * ten times as much. By default the first that is there. The records are the same.
   */
  readonly reader?: 'native' | 'stock';
}

/**
 * The payloads of records, string scalars, in the order of the vectors. Lengths and checksums are compared.
 *
 * While iterating, a record that does not match its checksums, its length or its file fails the run with
 * RECORD_CORRUPT; with the native reader its file and offset are in the details. A missing file is FILE_NOT_FOUND.
 *
 * @throws {CodedError} GRAPH_INVALID when `native` is asked for and is not there.
 */
export function recordsAt(
  scope: Scope,
  places: RecordPlaces,
  { parallelism = 1, recordsPerRead = 16, reader }: RecordsAtOptions = {},
): Dataset {
  const own = scope.child('recordsAt');
  const chosen = reader ?? (hasNativeOperations() ? 'native' : 'stock');
  return chosen === 'native'
    ? readNatively(own, places, { parallelism, recordsPerRead })
    : readByStock(own, places, parallelism);
}

/** A call of our operation reads some rows of the vectors, which it is given whole: nothing is copied for it. */
function readNatively(
  scope: Scope,
  { files, fileIndex, offset, length }: RecordPlaces,
  { parallelism, recordsPerRead }: { readonly parallelism: Count; readonly recordsPerRead: number },
): Dataset {
  const rows = raw.size(scope, { input: offset }, { out_type: 'int64' });
  const chunks = map(
    scope,
    range(scope, 0, rows, recordsPerRead),
    (inner, [start, ...vectors]) => {
      const count = int64(inner, recordsPerRead, 'count');
      return [inner.op('BluewatersReadRecords', { inputs: [...vectors, start as Output, count] }).output()];
    },
    { parallelism, captured: [files, fileIndex, offset, length] },
  );
  return unbatch(scope, chunks);
}

/** One dataset of one record for each place; in turns of one, which keeps the order. */
function readByStock(scope: Scope, { files, fileIndex, offset }: RecordPlaces, parallelism: Count): Dataset {
  return interleave(
    scope,
    tensorSlices(scope, [fileIndex, offset]),
    (inner, values) => {
      const [index, at, paths] = values as [Output, Output, Output];
      return exactlyOne(inner, tfRecordsFrom(inner, gather(inner, paths, index), at));
    },
    { cycleLength: parallelism, parallelism, captured: [files] },
  );
}

/** The first record; where the file ends at the offset, a failure and not one record less. */
function exactlyOne(scope: Scope, records: Dataset): Dataset {
  const first = take(scope, records, 1);
  const inputs = { input_dataset: first.variant, cardinality: int64(scope, 1, 'cardinality') };
  return { ...first, variant: raw.assertCardinalityDataset(scope, inputs, elementAttributes(first.elements)) };
}
