/**
 * Our side of the all-reduce: the operation inside a graph, of what other operations of the step have made, as gradients
 * are.
 *
 *   mpiexec -n 2 node rank_all_reduce.mjs NUMBERS TENSORS TIMES
 *
 * Rank 0 prints by how many seconds each step is longer than one that makes the same and exchanges nothing.
 */
import { openRanks, placeInWorld } from '@bluewaters/collectives';
import { Graph, group, initializers, mul, Session, variable } from '@bluewaters/tensorflow';

const [numbers = 1, tensors = 1, times = 1] = process.argv.slice(2).map(Number);
const ranks = await openRanks(placeInWorld(process.env), { silence: 60, collective: 60, start: 60 });
const graph = new Graph();
const scope = graph.scope();
const exchange = ranks.graphs.exchange({});
const variables = Array.from({ length: tensors }, (_, index) => {
  const shape = [Math.floor(numbers / tensors)];
  return variable(scope, `gradient${index}`, { dtype: 'float32', shape, initializer: initializers.ones() });
});
const gradients = variables.map(({ value }) => mul(scope, value, 0.5));
const groupOf = (/** @type {readonly import('@bluewaters/tensorflow').Output[]} */ outputs) =>
  group(
    scope,
    outputs.map(({ operation }) => operation),
  );
const made = groupOf(gradients);
const exchanged = groupOf(exchange.average(scope, gradients));
const session = new Session(graph, ranks.graphs.session(1));
await session.run({ targets: variables.map(({ initializer }) => initializer) });
const steps = [exchanged, made].map((operation) => session.prepare({ fetches: [], targets: [operation] }));
for (let time = 0; time < times; time += 1) {
  const seconds = [];
  for (const step of steps) {
    await ranks.barrier();
    const startedAt = performance.now();
    await step.run();
    await ranks.barrier();
    seconds.push((performance.now() - startedAt) / 1000);
  }
  const [whole = 0, making = 0] = seconds;
  if (ranks.rank === 0) console.log((whole - making).toFixed(6));
}
await ranks.close();
process.exit();
