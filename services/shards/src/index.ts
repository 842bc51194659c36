export { start, ShardsOptions } from './start.js';
export { buildShards } from './build-shards.js';
export type { BuildContext, StoredShard } from './context.js';
export { describeDataset, listDatasets } from './datasets.js';
export { loadManifest, verifyDataset, type VerifiedDataset, type VerifyOptions } from './verify.js';
