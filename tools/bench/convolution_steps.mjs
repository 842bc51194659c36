/**
 * A network's training step with our gradients of convolutions beside the same step with TensorFlow's, in turns in one
 * process: CPU seconds and seconds of both, the least of the turns.
 *
 *   node tools/bench/convolution_steps.mjs inception-v3 2 3 1     network, batch, turns, threads
 */
import { networkByName, syntheticTraining } from '@bluewaters/models';
import { Session } from '@bluewaters/tensorflow';

const [name = 'resnet-50', batch = '8', turns = '3', count = '1'] = process.argv.slice(2);
const threads = Number(count);

/** @param {'stock' | 'fastest'} convolutions */
async function sideOf(convolutions) {
  const options = { batch: Number(batch), learningRate: 0.001, convolutions, threads };
  const { graph, initialize, step } = syntheticTraining(networkByName(name), options);
  const session = new Session(graph, { intraOpThreads: threads, interOpThreads: threads });
  await session.run({ targets: [initialize] });
  return { convolutions, step: session.prepare({ targets: [step] }), cpuSeconds: Infinity, seconds: Infinity };
}

const sides = [await sideOf('stock'), await sideOf('fastest')];
for (let turn = 0; turn <= Number(turns); turn += 1) {
  for (const side of sides) {
    const [before, started] = [process.cpuUsage(), performance.now()];
    side.step.runSync();
    const { user, system } = process.cpuUsage(before);
    if (turn === 0) continue;
    side.cpuSeconds = Math.min(side.cpuSeconds, (user + system) / 1e6);
    side.seconds = Math.min(side.seconds, (performance.now() - started) / 1e3);
  }
}
for (const { convolutions, cpuSeconds, seconds } of sides) {
  console.log(`${convolutions}: ${cpuSeconds.toFixed(2)} CPU s, ${seconds.toFixed(2)} s`);
}
