import type { Progress } from '@bluewaters/messages';
import type { Split } from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';

/** What building shards needs beside the request. */
export interface BuildContext {
  readonly store: ObjectStore;
  /** A folder with room for the shards that are in work. */
  readonly scratch: string;
  /** Shards in work at a time, 1 or more; changes no byte. */
  readonly shardsAtATime: number;
  /** Ends the work soon, with INTERRUPTED; started again, it goes on from the shards that are done. */
  readonly signal: AbortSignal;
  readonly report: (progress: Progress) => void;
  /** Told each shard once it is stored, also those that were found done. */
  readonly onShard: (shard: StoredShard) => Promise<void>;
}

/** A shard that is in the store, with its offsets. */
export interface StoredShard {
  readonly split: Split;
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  readonly sha256: string;
  readonly examples: number;
}
