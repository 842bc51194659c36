export type { Count, Dataset } from './dataset.js';
export { range, tensorSlices, tfRecords, type TfRecordOptions } from './sources.js';
export {
  batch,
  cache,
  prefetch,
  repeat,
  shuffle,
  skip,
  take,
  zip,
  type BatchOptions,
  type ShuffleOptions,
} from './transformations.js';
export { interleave, map, type ElementFunction, type InterleaveOptions, type MapOptions } from './functions.js';
export { iterator, type DatasetIterator } from './iterator.js';
