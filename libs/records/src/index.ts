export { datasetKeys, indexKeys, modelKeys, runKeys } from './layout.js';
export { IndexEntry, IndexedExample, SynsetId } from './example-index.js';
export { Manifest, ManifestShard } from './manifest.js';
export { maskedCrc32c } from './crc32c.js';
export {
  RECORD_FOOTER_BYTES,
  RECORD_HEADER_BYTES,
  RECORD_OVERHEAD_BYTES,
  frameRecord,
  readRecords,
  readRecordStream,
  type PlacedRecord,
} from './framing.js';
