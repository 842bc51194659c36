export { start, IngestOptions } from './start.js';
export { indexArchive, type IndexContext } from './index-archive.js';
export { listIndexes } from './indexes.js';
