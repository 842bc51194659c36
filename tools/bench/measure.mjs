/** What the Node sides of the comparisons have in common. */
import { readFileSync } from 'node:fs';
import { decodeOffsets, epochOrder, recordTable } from '@bluewaters/records';
import { Tensor } from '@bluewaters/tensorflow';

const WARM_UP_MS = 1500;

/**
 * Takes batches for a while and prints how fast they came.
 *
 * @param {() => Promise<number>} next Takes one batch, and resolves to how many units were in it.
 * @param {number} [measuredMs]
 */
export async function measure(next, measuredMs = 4000) {
  await takeFor(WARM_UP_MS, next);
  const [startedAt, before] = [performance.now(), process.cpuUsage()];
  const units = await takeFor(measuredMs, next);
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ rate: units / seconds, cpuMs: (user + system) / 1000 / units }));
}

/**
 * @param {number} ms
 * @param {() => Promise<number>} next
 */
async function takeFor(ms, next) {
  let units = 0;
  for (const end = performance.now() + ms; performance.now() < end; ) units += await next();
  return units;
}

/**
 * Where the records of shards lie.
 *
 * @param {readonly string[]} shards Paths; the offsets are beside them.
 */
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

/**
 * @param {readonly number[]} values
 */
export function int64s(values) {
  return Tensor.of('int64', [values.length], BigInt64Array.from(values, BigInt));
}
