export { DirectoryStore } from './directory-store.js';
export { assertKey } from './key.js';
export { MemoryStore } from './memory-store.js';
export { type ByteRange, type ObjectInfo, type ObjectStore, type PutOptions } from './object-store.js';
export { openStore } from './open-store.js';
export { StoreOptions } from './options.js';
export { listFolder, type FolderFile } from './folder-source.js';
export { openSource, readTextSource, type FolderName, type SourceFile, type SourceName } from './source-file.js';
