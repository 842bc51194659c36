import { augmentationSeed, epochOrder, rankSlice, type RankSliceOptions } from '@bluewaters/records';
import { Tensor, type RunRequest } from '@bluewaters/tensorflow';
import type { TrainingPipeline } from './input-pipeline.js';
import type { LocalShards } from './local-shards.js';

/** Which part of which epoch is to be read. */
export interface EpochPart extends RankSliceOptions {
  /** Of the run. */
  readonly seed: number;
  /** From 0. */
  readonly epoch: number;
}

/**
 * What a rank's input pipeline is fed with when an epoch starts, or goes on: the records of its part of the epoch, in
 * their order. A pure function of its arguments: nothing is read, and nothing is skipped by reading it.
 */
export function epochFeeds(
  pipeline: TrainingPipeline,
  { train, records }: Pick<LocalShards, 'train' | 'records'>,
  part: EpochPart,
): { readonly feeds: NonNullable<RunRequest['feeds']> } & Disposable {
  const slice = rankSlice(epochOrder(records, part), part);
  const column = (value: (record: number) => number): Tensor =>
    Tensor.of(
      'int64',
      [slice.length],
      BigInt64Array.from(slice, (record) => BigInt(value(record))),
    );
  const { fileIndex, offset, length, number } = pipeline.records;
  const feeds = [
    [pipeline.files, Tensor.of('string', [train.length], [...train])],
    [fileIndex, column((record) => records.shard[record] ?? 0)],
    [offset, column((record) => records.offset[record] ?? 0)],
    [length, column((record) => records.length[record] ?? 0)],
    [number, column((record) => record)],
    [pipeline.augmentationSeed, Tensor.scalar('int64', augmentationSeed(part))],
  ] as const;
  return {
    feeds,
    [Symbol.dispose]: () => {
      for (const [, tensor] of feeds) tensor[Symbol.dispose]();
    },
  };
}
