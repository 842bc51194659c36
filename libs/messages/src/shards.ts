import { z } from 'zod';
import { defineEvent, defineState, defineWork } from './definitions.js';
import { jobRequest } from './jobs.js';
import { Digest, Name, Source, Split } from './vocabulary.js';

/** Which examples are held out for validation. */
export const ValidationRule = z.discriminatedUnion('kind', [
  /** `<synset> <image id>` lines, as in the 2018 process; the image id is the member's name without its ending. */
  z.strictObject({ kind: z.literal('list'), list: Source }),
  /** A share of every synset, drawn by the seed. */
  z.strictObject({ kind: z.literal('share'), share: z.number().gt(0).lt(1) }),
  /** All that the index of the split validation has, and nothing of train; its entry has this digest. */
  z.strictObject({ kind: z.literal('index'), index: Digest }),
]);
/** See {@link ValidationRule:variable}. */
export type ValidationRule = z.infer<typeof ValidationRule>;

/** What the shards service is asked to do. */
export const BuildRequest = z.strictObject({
  dataset: Name,
  /** Of the index entry to build from. */
  index: Digest,
  validation: ValidationRule,
  /** Of the entry of the index of the split testing, where shards of it are wanted. */
  testing: Digest.optional(),
  /** Shards of train, and of each other split. */
  trainShards: z.int().positive().max(100_000),
  validationShards: z.int().positive().max(100_000),
  /** Orders the examples; the same index, seed and counts give the same bytes. */
  seed: z.int().nonnegative(),
});
/** See {@link BuildRequest:variable}. */
export type BuildRequest = z.infer<typeof BuildRequest>;

const SplitSummary = z.strictObject({
  shards: z.int().nonnegative(),
  examples: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
});

/** What shards leaves behind. */
export const BuildResult = z.strictObject({
  dataset: Name,
  /** Key of the manifest, written last. */
  manifestKey: z.string(),
  /** Of the manifest's bytes. */
  digest: Digest,
  splits: z.strictObject({ train: SplitSummary, validation: SplitSummary, testing: SplitSummary.optional() }),
});
/** See {@link BuildResult:variable}. */
export type BuildResult = z.infer<typeof BuildResult>;

/** Asks shards to build a dataset. A repeat with the same request is harmless. */
export const BuildShards = defineWork('shards.v1.build', jobRequest(BuildRequest), BuildResult);

/** A shard is stored and verified. Sent by shards once a shard; may arrive twice. */
export const ShardWritten = defineEvent(
  'shards.v1.written',
  z.strictObject({ dataset: Name, split: Split, key: z.string(), examples: z.int().positive(), sha256: Digest }),
);

/** A dataset is complete. Sent by shards after the manifest is stored; may arrive twice. */
export const DatasetCommitted = defineEvent('shards.v1.committed', BuildResult);

/** Datasets by name. Written by shards; rebuilt from the store when it starts. */
export const Datasets = defineState('datasets', BuildResult);
