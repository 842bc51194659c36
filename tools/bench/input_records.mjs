/** usage: input_records.mjs file|random SHARD...: each step reads 100 records, in file order or in random order. */
import { dataset, Graph, Session, Tensor } from '@bluewaters/tensorflow';
import { answer } from './answer.mjs';
import { int64s, shuffledRecords } from './shuffled_records.mjs';

const [order, ...shards] = process.argv.slice(2);
const BATCH = 100;

const graph = new Graph();
const scope = graph.scope();
const files = scope.placeholder('string', [null]);
const rows = [0, 1, 2].map(() => scope.placeholder('int64', [null]));
const [fileIndex, offset, length] = rows;
const records =
  order === 'file'
    ? dataset.repeat(scope, dataset.tfRecords(scope, files))
    : dataset.recordsAt(scope, { files, fileIndex, offset, length }, { parallelism: 2 });
const { initializer, next } = dataset.iterator(
  scope,
  dataset.batch(scope, records, { size: BATCH, dropRemainder: true }),
);
const lengths = scope.op('StringLength', { inputs: [next[0]] }).output();

const session = new Session(graph, { intraOpThreads: 2, interOpThreads: 2 });
const feeds = [[files, Tensor.of('string', [shards.length], shards)]];
if (order === 'random') {
  const { table, order: numbers } = shuffledRecords(shards, 400_000);
  for (const [row, column] of [
    [fileIndex, table.shard],
    [offset, table.offset],
    [length, table.length],
  ]) {
    feeds.push([row, int64s(numbers.map((record) => column[record]))]);
  }
}
await session.run({ feeds, targets: [initializer] });
await answer(async () => {
  const [fetched] = await session.run({ fetches: [lengths] });
  fetched[Symbol.dispose]();
  return 0;
});
process.exit(0);
