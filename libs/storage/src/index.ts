export { type ByteRange, type ObjectInfo, type ObjectStore, type PutOptions } from './object-store.js';
export { StoreOptions } from './options.js';
