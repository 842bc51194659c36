import { availableCores, cacheDirectory } from '@bluewaters/service';
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
    .default(() => availableCores()),
  /** Whether to keep account of runs that several ranks train, beside what others do; of several one leads. */
  coordinator: z.boolean().default(true),
  /** Where the coordinator shows runs and lets whoever reaches it steer them. */
  pageHost: z.string().default('127.0.0.1'),
  /** 0 takes a free one; without one there is no page. */
  pagePort: z.int().min(0).max(65_535).optional(),
});
/** See {@link TrainingOptions:variable}. */
export type TrainingOptions = z.infer<typeof TrainingOptions>;
