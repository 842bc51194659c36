/** Where the records of shards lie, in the shape that tf.data is fed with. */
import { readFileSync } from 'node:fs';
import { decodeOffsets, epochOrder, recordTable } from '@bluewaters/records';
import { Tensor } from '@bluewaters/tensorflow';

/** @param {readonly string[]} shards Paths; the offsets are beside them. */
export function recordsOf(shards) {
  return recordTable(shards.map((file) => decodeOffsets(readFileSync(`${file}.offsets`), { file }).records));
}

/**
 * The records of shards in the orders of many epochs, one after the other.
 *
 * @param {readonly string[]} shards
 * @param {number} count Records at least.
 */
export function shuffledRecords(shards, count) {
  const table = recordsOf(shards);
  const epochs = Array.from({ length: Math.ceil(count / table.count) }, (_, epoch) =>
    epochOrder(table, { seed: 1, epoch }),
  );
  return { table, order: epochs.flatMap((order) => [...order]) };
}

/** @param {readonly number[]} values */
export function int64s(values) {
  return Tensor.of('int64', [values.length], BigInt64Array.from(values, BigInt));
}
