// A worker of the tests that takes one job over NATS and then dies in the middle of it. Runs the built package.
import { z } from 'zod';
import { consumeJobs, defineWork, jobRequest } from '../../dist/index.js';
import { NatsBus } from '../../dist/nats/nats-bus.js';

const Double = defineWork('killed.v1.double', jobRequest(z.number()), z.number());
const bus = await NatsBus.open({ url: process.argv[2], ackWaitMs: 1_000 });
await consumeJobs(bus, Double, async () => {
  // Later than a sign of life.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), 700);
  await new Promise(() => {});
});
