import { describe, expect, it } from 'vitest';
import { augmentationSeed, epochOrder, rankSlice, recordTable, type RecordTable } from './index.js';

const SHARDS = [7, 1, 0, 12, 5];
const RECORDS = SHARDS.reduce((sum, count) => sum + count, 0);

/** A table of shards whose records are 100 bytes each. */
function table(counts: readonly number[] = SHARDS): RecordTable {
  return recordTable(
    counts.map((count) => Array.from({ length: count }, (_, i) => ({ offset: 100 * i, length: 100 }))),
  );
}

const everyRecord = Array.from({ length: RECORDS }, (_, record) => record);
const inOrder = (records: Iterable<number>) => [...records].sort((a, b) => a - b);

describe('the table of records', () => {
  it('numbers records through the shards', () => {
    const { count, shard, offset } = table([2, 0, 1]);
    expect({ count, shard: [...shard], offset: [...offset] }).toEqual({
      count: 3,
      shard: [0, 0, 2],
      offset: [0, 100, 0],
    });
  });
});

describe('the order of an epoch', () => {
  it.each([1, 2, 5, 100])('holds every record once, in blocks of %i', (blockRecords) => {
    expect(inOrder(epochOrder(table(), { seed: 7, epoch: 3, blockRecords }))).toEqual(everyRecord);
  });

  it('follows from seed and epoch alone, and differs by both', () => {
    const order = (seed: number, epoch: number) => epochOrder(table(), { seed, epoch }).join();
    expect(order(7, 3)).toBe(order(7, 3));
    expect(new Set([order(7, 3), order(7, 4), order(8, 3), order(3, 7)]).size).toBe(4);
  });

  it('never changes: a run of last year must go on as it began', () => {
    expect([...epochOrder(table([10]), { seed: 42, epoch: 1 })]).toEqual([1, 5, 3, 7, 4, 2, 6, 0, 9, 8]);
  });

  it('keeps the neighbours of a block together, within one shard', () => {
    const { shard } = table();
    const order = [...epochOrder(table(), { seed: 1, epoch: 0, blockRecords: 4 })];
    const starts = order.filter(
      (record, i) => i === 0 || record !== order[i - 1]! + 1 || shard[record] !== shard[record - 1],
    );
    // At most one beginning for each block: 2 of 7 records, 1 of 1, 3 of 12, 2 of 5.
    expect(starts.length).toBeLessThanOrEqual(8);
    expect(starts.length).toBeGreaterThan(4);
  });
});

describe('the slices of the ranks', () => {
  const order = epochOrder(table(), { seed: 7, epoch: 3 });
  const slices = (worldSize: number, batch: number, fromStep = 0) =>
    Array.from({ length: worldSize }, (_, rank) => rankSlice(order, { batch, rank, worldSize, fromStep }));

  /** What all ranks together read, step by step. */
  function together(parts: readonly Uint32Array[]): number[] {
    const local = (step: number) => parts.map((part) => [...part.subarray(step, step + 1)]);
    return Array.from({ length: parts[0]!.length }, (_, step) => local(step)).flat(2);
  }

  it.each([1, 2, 3, 4, 8])(
    'hold every record of the epoch at world size %i, the last batch padded from the start',
    (worldSize) => {
      const all = slices(worldSize, 24).flatMap((slice) => [...slice]);
      expect(all).toHaveLength(48);
      expect(inOrder(new Set(all))).toEqual(everyRecord);
      expect(inOrder(all)).toEqual(inOrder([...order, ...order.subarray(0, 48 - RECORDS)]));
    },
  );

  it.each([2, 3, 4, 8])('make the global batches of a single rank at world size %i', (worldSize) => {
    const local = 24 / worldSize;
    const [single] = slices(1, 24) as [Uint32Array];
    const parts = slices(worldSize, 24);
    const batches = [0, 1].map((step) => parts.flatMap((part) => [...part.subarray(step * local, (step + 1) * local)]));
    expect(batches.flat()).toEqual([...single]);
  });

  it('go on after a stop as if there had been none, also with another number of ranks', () => {
    const whole = slices(2, 4);
    const rest = slices(2, 4, 3);
    rest.forEach((slice, rank) => expect([...slice]).toEqual([...whole[rank]!.subarray(6)]));
    expect(together(slices(4, 4, 3))).toEqual([...slices(1, 4, 3)[0]!]);
  });

  it('fill a batch that is larger than the epoch by repeating it', () => {
    const slice = rankSlice(Uint32Array.of(2, 0, 1), { batch: 8, rank: 0, worldSize: 1 });
    expect([...slice]).toEqual([2, 0, 1, 2, 0, 1, 2, 0]);
  });

  it('refuse a batch that the ranks cannot share evenly', () => {
    expect(() => rankSlice(order, { batch: 10, rank: 0, worldSize: 4 })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});

describe('the seed of augmentation', () => {
  it('differs by seed and epoch', () => {
    const seeds = [0, 1, 2].flatMap((seed) => [0, 1, 2].map((epoch) => augmentationSeed({ seed, epoch })));
    expect(new Set(seeds).size).toBe(9);
    expect(augmentationSeed({ seed: 1, epoch: 2 })).toBe(augmentationSeed({ seed: 1, epoch: 2 }));
  });
});
