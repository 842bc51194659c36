/** What a store tells about an object without handing out its bytes. */
export interface ObjectInfo {
  readonly key: string;
  /** In bytes. */
  readonly size: number;
}

/** Where in an object to read. */
export interface ByteRange {
  /** Bytes from the start of the object. */
  readonly offset: number;
  /** In bytes; a range that runs past the end of the object is an error. */
  readonly length: number;
}

/** How an object is written. */
export interface PutOptions {
  /** Refuse with OBJECT_EXISTS when the key is taken, in one atomic step. */
  readonly ifAbsent?: boolean;
}

/**
 * Where bytes live: datasets, indexes, checkpoints, models. Keys look like paths, `datasets/mnist/manifest.json`, and
 * can never name anything outside the store (see `assertKey`).
 *
 * Every adapter keeps these promises (one conformance suite): an object appears whole or not at all; a second `put`
 * replaces the first atomically; a `put` that failed leaves what was there; `list` is in ascending key order.
 * All methods throw CodedError: KEY_INVALID, OBJECT_NOT_FOUND, STORE_UNAVAILABLE, STORE_REFUSED or STORE_FULL.
 */
export interface ObjectStore {
  /** For people: `directory /data/store`, `minio http://host:9000/bucket`; without credentials. */
  readonly description: string;

  /** Stores bytes under a key. @throws {CodedError} OBJECT_EXISTS with `ifAbsent` when the key is taken. */
  put(key: string, bytes: Uint8Array | string, options?: PutOptions): Promise<ObjectInfo>;

  /** Stores a local file, streaming; the way for anything of more than a few megabytes. */
  putFile(key: string, path: string, options?: PutOptions): Promise<ObjectInfo>;

  /** All bytes of an object. */
  get(key: string): Promise<Uint8Array>;

  /** A part of an object. @throws {CodedError} STORE_REFUSED when the range runs past the end. */
  getRange(key: string, range: ByteRange): Promise<Uint8Array>;

  /** Copies an object to a local file, written beside and renamed. */
  getFile(key: string, path: string): Promise<ObjectInfo>;

  /** Size of an object, or undefined when there is none. */
  stat(key: string): Promise<ObjectInfo | undefined>;

  /**
   * Objects whose key starts with `prefix`, in ascending key order. A directory passes over folders that this account
   * may not enter, but not the one that the prefix names.
   */
  list(prefix: string): AsyncIterable<ObjectInfo>;

  /** Removes an object; one that does not exist is no error. */
  delete(key: string): Promise<void>;

  /**
   * The absolute path of a key where the store is a directory on this machine, so that TensorFlow can open it without
   * a copy; undefined elsewhere. The file need not exist.
   */
  localPath(key: string): string | undefined;

  /** Gives connections back. */
  close(): Promise<void>;
}
