// A child process of the tests: does a little of everything over its parent's bus. Runs the built package.
import { z } from 'zod';
import {
  ParentBus,
  consumeJobs,
  defineCommand,
  defineEvent,
  defineState,
  defineWork,
  jobRequest,
} from '../../dist/index.js';

const Double = defineWork('test.v1.double', jobRequest(z.number()), z.number());
const Say = defineCommand('test.v1.say', z.enum(['pid', 'die', 'end']), z.number());
const Told = defineEvent('test.v1.told', z.string());
const Table = defineState('test', z.string());

const bus = new ParentBus();
const table = await bus.state(Table);

let finish = () => {};
const finished = new Promise((resolve) => (finish = resolve));
await bus.subscribe(Told, async (text) => {
  if (text === 'finish') finish();
  else await table.put('heard', text);
});
await table.watch('watched', (key, value) => void table.put('seen', value ?? ''));

await bus.serve(Say, async (word) => {
  if (word === 'die') process.kill(process.pid, 'SIGKILL');
  if (word === 'end') setTimeout(() => bus.close(), 10);
  return process.pid;
});

await consumeJobs(bus, Double, async (n, { signal }) => {
  // Listens before it says that it works: whoever reads that may go away before the answer to `put` is here.
  signal.addEventListener('abort', async () => {
    const refusal = await table.get('working').catch((error) => error.code);
    process.exit(refusal === 'BUS_UNAVAILABLE' ? 7 : 8);
  });
  await table.put('working', String(process.pid));
  await finished;
  return 2 * n;
});

await table.put(`ready-${process.pid}`, 'yes');
