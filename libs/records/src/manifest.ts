import { z } from 'zod';
import { SynsetId } from './example-index.js';

/** One shard as the manifest names it. */
export const ManifestShard = z.strictObject({
  key: z.string(),
  /** In bytes. */
  size: z.int().nonnegative(),
  sha256: z.string(),
  examples: z.int().nonnegative(),
});
/** See {@link ManifestShard:variable}. */
export type ManifestShard = z.infer<typeof ManifestShard>;

/** `manifest.json`: the shards that make a dataset; written last, so that a dataset is whole or not there. */
export const Manifest = z.strictObject({
  format: z.literal('bluewaters.manifest.v1'),
  dataset: z.string(),
  /** Of the index entry that it was built from. */
  index: z.string(),
  /** Of those of splits that have an index of their own; left out where none has. */
  splitIndexes: z.strictObject({ validation: z.string().optional(), testing: z.string().optional() }).optional(),
  seed: z.int().nonnegative(),
  /** In label order: the first has label 1. */
  classes: z.array(z.strictObject({ synset: SynsetId, label: z.int().positive(), words: z.string() })),
  splits: z.strictObject({
    train: z.array(ManifestShard),
    validation: z.array(ManifestShard),
    /** Left out where no such split was indexed. */
    testing: z.array(ManifestShard).optional(),
  }),
});
/** See {@link Manifest:variable}. */
export type Manifest = z.infer<typeof Manifest>;
