/**
 * One side of a measurement: our session on a network's training graph.
 *
 * usage: step_session.mjs NETWORK BATCH [FOLDER]
 *
 * A step blocks, as Python's does. Built from sources in `dist`. With FOLDER it first writes there what Python needs to run the very same graph:
 * `graph.pb` and `graph.json`. Then it answers each line on its input, a number of steps, by `side.mjs`'s protocol.
 * BENCH_SESSION holds options of the session as JSON.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { networkByName, syntheticTraining } from '@bluewaters/models';
import { Session } from '@bluewaters/tensorflow';
import { answer } from './answer.mjs';

const [name = '', batch = '8', folder] = process.argv.slice(2);
const threads = Number(process.env['BENCH_THREADS'] ?? 2);
const { graph, initialize, step, loss } = syntheticTraining(networkByName(name), {
  batch: Number(batch),
  threads,
  convolutions: folder ? 'stock' : 'fastest', // Python has no operations of ours
  learningRate: 0.001, // so that VGG's plain layers stay finite for as many steps as a turn asks
});
if (folder) {
  writeFileSync(join(folder, 'graph.pb'), graph.toGraphDef());
  const names = { initialize: initialize.name, step: step.name, loss: loss.name };
  writeFileSync(join(folder, 'graph.json'), JSON.stringify(names));
}
const options = JSON.parse(process.env['BENCH_SESSION'] ?? '{}');
const session = new Session(graph, { intraOpThreads: threads, interOpThreads: threads, ...options });
await session.run({ targets: [initialize] });
const made = session.prepare({ fetches: [loss], targets: [step] });
await answer(() => {
  const [tensor] = made.runSync();
  const value = tensor?.number() ?? NaN;
  tensor?.[Symbol.dispose]();
  return value;
});
