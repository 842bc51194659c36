export type { Count, Dataset } from './dataset.js';
export { range, tensorSlices, tfRecords, tfRecordsFrom, type TfRecordOptions } from './sources.js';
export { recordsAt, type RecordPlaces, type RecordsAtOptions } from './records-at.js';
export {
  batch,
  cache,
  concatenate,
  enumerate,
  prefetch,
  repeat,
  shard,
  shuffle,
  skip,
  take,
  unbatch,
  zip,
  type BatchOptions,
  type ShuffleOptions,
} from './transformations.js';
export {
  filter,
  flatMap,
  interleave,
  map,
  type DatasetFunction,
  type ElementFunction,
  type InterleaveOptions,
  type MapOptions,
} from './functions.js';
export { withOptions, type DatasetOptions } from './options.js';
export { iterator, timedIterator, type DatasetIterator, type TimedIterator } from './iterator.js';
