export {
  datasetKeys,
  datasetPrefixes,
  indexKeys,
  indexName,
  modelKeys,
  restrictionKey,
  runKeys,
  termsKeys,
} from './layout.js';
export { SPLITS, type Split } from './split.js';
export { Acceptance, Grant, Person, Restriction, Terms } from './terms.js';
export { normaliseBox, type BoxFault, type BoxScale, type RawBox } from './boxes.js';
export { BoxCounts, IndexEntry, IndexedBox, IndexedExample, SynsetId } from './example-index.js';
export { Manifest, ManifestShard } from './manifest.js';
export { CodeVersion, ModelClass, ModelEntry, ModelFile, Provenance, Signature } from './model-entry.js';
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
export { decodeExample, encodeExample, type Feature, type Features } from './example.js';
export { decodeImageExample, imageExample, type Box, type ImageExample } from './image-example.js';
export {
  imageId,
  isSynset,
  labelledClasses,
  parseGroundTruth,
  parseImageList,
  parseListedImages,
  parseSynsetList,
  parseSynsetWords,
  sameLabels,
  type LabelledClass,
  type ListedImage,
  type TextSource,
} from './synsets.js';
export { sensesOf, WordNet, type NounSynset } from './wordnet.js';
export { evenRanges, shuffledOrder, type Range } from './order.js';
export {
  augmentationSeed,
  epochOrder,
  rankSlice,
  recordTable,
  type EpochOrderOptions,
  type RankSliceOptions,
  type RecordTable,
} from './epoch-order.js';
export { decodeOffsets, encodeOffsets, type RecordPlace, type ShardOffsets } from './offsets.js';
export {
  encodeAcceptance,
  encodeGrant,
  encodeIndexEntry,
  encodeIndexedExamples,
  encodeManifest,
  encodeModelEntry,
  encodeProvenance,
  encodeRestriction,
  encodeSignature,
  encodeTerms,
  parseAcceptance,
  parseGrant,
  parseIndexEntry,
  parseIndexedExamples,
  parseManifest,
  parseModelEntry,
  parseProvenance,
  parseRestriction,
  parseSignature,
  parseTerms,
} from './documents.js';
