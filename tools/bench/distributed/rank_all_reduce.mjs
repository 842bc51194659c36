/**
 * Our side of the all-reduce: the operation inside a graph, between two variables of it.
 *
 *   mpiexec -n 2 node rank_all_reduce.mjs NUMBERS TENSORS TIMES
 *
 * Rank 0 prints the seconds of each step that does nothing else.
 */
import { Communicator, placeInWorld, RankExchange } from '@bluewaters/collectives';
import { Graph, group, initializers, Session, variable } from '@bluewaters/tensorflow';

const [numbers = 1, tensors = 1, times = 1] = process.argv.slice(2).map(Number);
const ranks = await Communicator.open(placeInWorld(process.env), { silence: 60, collective: 60, start: 60 });
const graph = new Graph();
const scope = graph.scope();
const exchange = new RankExchange({ rank: ranks.rank, worldSize: ranks.size });
const gradients = Array.from({ length: tensors }, (_, index) => {
  const shape = [Math.floor(numbers / tensors)];
  return variable(scope, `gradient${index}`, { dtype: 'float32', shape, initializer: initializers.ones() });
});
const means = exchange.average(
  scope,
  gradients.map(({ value }) => value),
);
const done = group(
  scope,
  means.map(({ operation }) => operation),
);
const session = new Session(graph, { intraOpThreads: 1, interOpThreads: 1 + RankExchange.waitingThreads });
await session.run({ targets: gradients.map(({ initializer }) => initializer) });
const step = session.prepare({ fetches: [], targets: [done] });
for (let time = 0; time < times; time += 1) {
  await ranks.barrier();
  const startedAt = performance.now();
  await step.run();
  await ranks.barrier();
  if (ranks.rank === 0) console.log(((performance.now() - startedAt) / 1000).toFixed(6));
}
await ranks.close();
process.exit();
