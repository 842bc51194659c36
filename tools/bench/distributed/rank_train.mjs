/**
 * A rank of weak scaling: steps of a network on pictures of its own, together with the other ranks or beside them.
 *
 *   mpiexec -n 2 node rank_train.mjs together|apart NETWORK BATCH STEPS
 *
 * One thread a rank. Rank 0 prints the seconds from the first step to the last of all ranks.
 */
import { openRanks, placeInWorld } from '@bluewaters/collectives';
import { networkByName, syntheticTraining } from '@bluewaters/models';
import { Session } from '@bluewaters/tensorflow';

const [how, network = '', batch = '', steps = ''] = process.argv.slice(2);
const ranks = await openRanks(placeInWorld(process.env), { silence: 60, collective: 60, start: 60 });
const exchange = how === 'together' ? ranks.graphs.exchange({}) : undefined;
const made = syntheticTraining(networkByName(network), {
  ...{ batch: Number(batch), outputs: 11, threads: 1, seed: 1 + ranks.rank },
  ...(exchange && { exchange }),
});
const threads = exchange ? ranks.graphs.session(1, exchange) : { intraOpThreads: 1, interOpThreads: 1 };
const session = new Session(made.graph, threads);
await session.run({ targets: [made.initialize] });
const step = session.prepare({ fetches: [], targets: [made.step] });
for (let warm = 0; warm < 3; warm += 1) await step.run();
await ranks.barrier();
const startedAt = performance.now();
for (let done = 0; done < Number(steps); done += 1) await step.run();
await ranks.barrier();
if (ranks.rank === 0) console.log(((performance.now() - startedAt) / 1000).toFixed(6));
await ranks.close();
process.exit();
