/** For `npm run prove -- leak`: many training steps of lenet, a new batch fed and the loss read each time. */
import { networkByName, syntheticTraining } from '@bluewaters/models';
import { liveHandles, Session, Tensor } from '@bluewaters/tensorflow';

const STEPS = Number(process.argv[2] ?? 10_000);
const REPORT_EVERY = STEPS / 10;
const BATCH = 16;

const { graph, initialize, step, loss, images } = syntheticTraining(networkByName('lenet'), { batch: BATCH });
const { imageSize, channels } = networkByName('lenet').input;
const session = new Session(graph);
await session.run({ targets: [initialize] });
const shape = [BATCH, imageSize, imageSize, channels];
const handles = [];
const residentMiB = [];
for (let made = 1; made <= STEPS; made += 1) {
  const fed = Tensor.of('float32', shape, new Float32Array(shape.reduce((a, b) => a * b)).fill(made / STEPS));
  const [value] = await session.run({ feeds: [[images, fed]], fetches: [loss], targets: [step] });
  if (!Number.isFinite(value.number())) throw new Error(`the loss of step ${made} is not finite`);
  for (const tensor of [fed, value]) tensor[Symbol.dispose]();
  if (made % REPORT_EVERY > 0) continue;
  globalThis.gc();
  handles.push(Object.values(liveHandles()).reduce((sum, count) => sum + count, 0));
  residentMiB.push(process.memoryUsage.rss() / 2 ** 20);
}
console.log(JSON.stringify({ steps: STEPS, handles, residentMiB }));
process.exit();
