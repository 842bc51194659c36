import { availableParallelism } from 'node:os';
import { cacheDirectory } from '@bluewaters/service';
import { StoreOptions } from '@bluewaters/storage';
import { z } from 'zod';

/** What a person may set for the training service. */
export const TrainingOptions = z.strictObject({
  /** The store, once more: a rank opens it in its own process. */
  store: StoreOptions,
  /** Folder for local copies of shards and, with a remote store, of `checkpoint_dir`. */
  workDirectory: z.string().default(() => cacheDirectory('training')),
  /** TensorFlow's threads; results are bit-equal only for equal numbers. */
  threads: z
    .int()
    .positive()
    .default(() => availableParallelism()),
});
/** See {@link TrainingOptions:variable}. */
export type TrainingOptions = z.infer<typeof TrainingOptions>;
