/**
 * Trains resnet-20 for a few steps on a batch of random pictures, and prints the processor, whether there are operations of
 * our own, and the losses. It is copied to where packages for another processor are.
 *
 *     node steps_of.mjs
 */
import { networkByName, syntheticTraining } from '@bluewaters/models';
import { hasNativeOperations, Session } from '@bluewaters/tensorflow';

const STEPS = 3;

const options = { batch: 8, learningRate: 0.01, threads: 1 };
const { graph, initialize, step, loss } = syntheticTraining(networkByName('resnet-20'), options);
const session = new Session(graph, { intraOpThreads: 1, interOpThreads: 1 });
await session.run({ targets: [initialize] });
const losses = [];
for (let made = 0; made < STEPS; made += 1) {
  const [value] = await session.run({ fetches: [loss], targets: [step] });
  losses.push(value?.values('float32')[0]);
}
const said = JSON.stringify({ architecture: process.arch, ours: hasNativeOperations(), losses });
process.stdout.write(said, () => process.exit(0));
