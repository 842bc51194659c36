export { start, IngestOptions } from './start.js';
export { indexArchive } from './index-archive.js';
export { type IndexContext } from './context.js';
export { listIndexes } from './indexes.js';
