import { CodedError } from '@bluewaters/errors';
import { evenRanges, randomWord, shuffledOrder, type Range } from './order.js';
import type { RecordPlace } from './offsets.js';

/**
 * The order in which training sees records: a pure function of the run's seed and the epoch. The ranks of a run compute
 * all of it and take a part each, so it does not depend on how many they are; and a run that is resumed goes on in it.
 */

/** What tells the order of epochs apart from other orders of the same seed. */
const PURPOSE = 0x65706f63;

/** The records of a split, numbered through its shards in their order; one entry of each list for each record. */
export interface RecordTable {
  readonly count: number;
  /** Which shard it is in. */
  readonly shard: Uint32Array;
  /** Of its first framing byte, in bytes from the start of its shard. */
  readonly offset: Float64Array;
  /** With framing, in bytes. */
  readonly length: Float64Array;
}

/** The table of shards, each given by its records in file order. */
export function recordTable(shards: readonly (readonly RecordPlace[])[]): RecordTable {
  const count = shards.reduce((sum, records) => sum + records.length, 0);
  const shard = new Uint32Array(count);
  const [offset, length] = [new Float64Array(count), new Float64Array(count)];
  let record = 0;
  shards.forEach((records, index) => {
    for (const place of records) {
      shard[record] = index;
      offset[record] = place.offset;
      length[record] = place.length;
      record += 1;
    }
  });
  return { count, shard, offset, length };
}

/** What decides the order of an epoch. */
export interface EpochOrderOptions {
  /** Of the run. */
  readonly seed: number;
  /** From 0. */
  readonly epoch: number;
  /**
   * Neighbours in a shard that stay together and in file order, for disks that are slow to jump; 1 by default, which
   * shuffles every record by itself.
   */
  readonly blockRecords?: number;
}

/** The numbers of all records, each once, in the order of an epoch. @throws {CodedError} CONFIG_INVALID for a bad seed. */
export function epochOrder(
  { count, shard }: Pick<RecordTable, 'count' | 'shard'>,
  { seed, epoch, blockRecords = 1 }: EpochOrderOptions,
): Uint32Array {
  if (blockRecords === 1) return shuffledOrder(count, seed, epoch, PURPOSE);
  const blocks = blocksOf(shard, blockRecords);
  const order = new Uint32Array(count);
  let place = 0;
  for (const block of shuffledOrder(blocks.length, seed, epoch, PURPOSE)) {
    const { start, end } = blocks[block]!;
    for (let record = start; record < end; record += 1) order[place++] = record;
  }
  return order;
}

/** Ranges of neighbours that do not go beyond their shard. */
function blocksOf(shard: Uint32Array, blockRecords: number): Range[] {
  const blocks: Range[] = [];
  let start = 0;
  for (let record = 1; record <= shard.length; record += 1) {
    const isSame = record < shard.length && shard[record] === shard[start] && record - start < blockRecords;
    if (isSame) continue;
    blocks.push({ start, end: record });
    start = record;
  }
  return blocks;
}

/** Which part of an epoch a rank takes. */
export interface RankSliceOptions {
  /** Records of a step, over all ranks together. */
  readonly batch: number;
  /** From 0. */
  readonly rank: number;
  readonly worldSize: number;
  /** Steps of the epoch that were made before: resuming goes on behind them. */
  readonly fromStep?: number;
  /** How many steps from there; all that are left of the epoch by default. */
  readonly steps?: number;
}

/**
 * What one rank reads in an epoch: of each global batch its contiguous part. The last batch is filled up from the
 * epoch's beginning, so no record is ever left out.
 *
 * @returns Numbers of records; those of step `fromStep` come first, `batch / worldSize` a step.
 * @throws {CodedError} CONFIG_INVALID when the batch cannot be shared evenly.
 */
export function rankSlice(order: Uint32Array, options: RankSliceOptions): Uint32Array {
  const { batch, rank, worldSize, fromStep = 0 } = options;
  if (batch % worldSize !== 0) {
    throw new CodedError('CONFIG_INVALID', 'A batch is shared evenly among the ranks', {
      details: { field: 'batch', expected: `a multiple of ${worldSize}`, got: String(batch) },
    });
  }
  const { start, end } = evenRanges(batch, worldSize)[rank]!;
  const left = Math.ceil(order.length / batch) - fromStep;
  const steps = Math.min(options.steps ?? left, left);
  const slice = new Uint32Array(steps * (end - start));
  let place = 0;
  for (let step = fromStep; step < fromStep + steps; step += 1) {
    for (let i = start; i < end; i += 1) slice[place++] = order[(step * batch + i) % order.length]!;
  }
  return slice;
}

/**
 * The seed of an epoch's random changes to pictures, which the graph draws by this and the number of the record.
 *
 * @returns An integer below 2^32.
 */
export function augmentationSeed({ seed, epoch }: Pick<EpochOrderOptions, 'seed' | 'epoch'>): number {
  return randomWord(seed, epoch, PURPOSE + 1);
}
