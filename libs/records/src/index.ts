export { datasetKeys, indexKeys, modelKeys, runKeys } from './layout.js';
export { IndexEntry, IndexedExample, SynsetId } from './example-index.js';
export { Manifest, ManifestShard } from './manifest.js';
