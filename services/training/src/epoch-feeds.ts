import { CodedError } from '@bluewaters/errors';
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
  const column = (values: ArrayLike<number>): Tensor =>
    Tensor.of(
      'int64',
      [slice.length],
      BigInt64Array.from(slice, (record) => BigInt(valueOf(values, record))),
    );
  const { fileIndex, offset, length, number } = pipeline.records;
  const feeds = [
    [pipeline.files, Tensor.of('string', [train.length], [...train])],
    [fileIndex, column(records.shard)],
    [offset, column(records.offset)],
    [length, column(records.length)],
    [number, Tensor.of('int64', [slice.length], BigInt64Array.from(slice, BigInt))],
    [pipeline.augmentationSeed, Tensor.scalar('int64', augmentationSeed(part))],
  ] as const;
  return {
    feeds,
    [Symbol.dispose]: () => {
      for (const [, tensor] of feeds) tensor[Symbol.dispose]();
    },
  };
}

function valueOf(values: ArrayLike<number>, record: number): number {
  const value = values[record];
  if (value !== undefined) return value;
  throw new CodedError('INTERNAL', `The order of an epoch names record ${record}, and there are ${values.length}`);
}
