/**
 * One side of the round trip to a parameter server: a worker reads a variable of 100 MB, halves it, and writes it back, over
 * TensorFlow's gRPC servers as a run with parameter servers starts them.
 *
 *   node server_round_trip.mjs NUMBERS
 *
 * It starts the parameter server itself, as a process of its own. Answers as `answer.mjs` says; there is no loss.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { freePort } from '@bluewaters/collectives';
import { assign, Graph, initializers, mul, Server, Session, variable } from '@bluewaters/tensorflow';
import { answer } from '../answer.mjs';

const THREADS = { intraOpThreads: 1, interOpThreads: 2 };

/** @param {import('@bluewaters/tensorflow').Cluster} cluster @param {number} numbers */
async function work(cluster, numbers) {
  const { target } = Server.start({ cluster, task: { job: 'worker', index: 0 }, ...THREADS });
  const graph = new Graph();
  const scope = graph.scope();
  const kept = variable(scope.on('/job:ps/task:0'), 'kept', {
    ...{ dtype: 'float32', shape: [numbers], initializer: initializers.ones() },
  });
  const halved = mul(scope.on('/job:worker/task:0'), kept.value, 0.5);
  const session = new Session(graph, { target });
  await session.run({ targets: [kept.initializer] });
  const step = session.prepare({ fetches: [], targets: [assign(scope.on('/job:ps/task:0'), kept, halved)] });
  await answer(async () => {
    await step.run();
    return 0;
  });
}

const [first = '', ...addresses] = process.argv.slice(2);
const isServer = first === 'ps';
const [ps = '', own = ''] = isServer ? addresses : [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
const cluster = { ps: [ps], worker: [own] };
if (isServer) {
  Server.start({ cluster, task: { job: 'ps', index: 0 }, ...THREADS });
  // It lives as long as whoever started it holds its input.
  process.stdin.on('end', () => process.exit()).resume();
} else {
  spawn(process.execPath, [fileURLToPath(import.meta.url), 'ps', ps, own], { stdio: ['pipe', 'ignore', 'inherit'] });
  await work(cluster, Number(first));
  process.exit();
}
