/**
 * Trains a network on one batch of random pictures, and tells how long each step took. Nothing is read and nothing is
 * written.
 */
import { networkByName, syntheticTraining } from '@bluewaters/models';
import { serveChildTask } from '@bluewaters/service';
import { listDevices, Session, tensorflowVersion, type Step } from '@bluewaters/tensorflow';
import { sessionThreads } from '../ranks.js';
import { assertWholeParts } from '../run-context.js';
import type { SyntheticReport, SyntheticTask } from './synthetic.js';

async function run(task: SyntheticTask, report: (report: SyntheticReport) => void): Promise<void> {
  const { network, hyperparameters, imageSize, dataFormat = 'NHWC', threads, warmupBatches, batches } = task;
  const { batch, learningRate, microBatches = 1, precision = 'float32' } = hyperparameters;
  assertWholeParts(hyperparameters);
  const made = syntheticTraining(networkByName(network), {
    ...{ batch: batch / microBatches, learningRate, settings: hyperparameters, compute: precision, dataFormat },
    ...(imageSize === undefined ? {} : { imageSize }),
  });
  using graph = made.graph;
  using session = new Session(graph, sessionThreads(threads));
  await session.run({ targets: [made.initialize] });
  const parts = [...Array.from({ length: microBatches - 1 }, () => made.accumulate ?? made.step), made.step];
  const steps = parts.map((target) => session.prepare({ fetches: [made.loss], targets: [target] }));
  const devices = listDevices().map(({ name }) => name.replace(/^.*device:/u, ''));
  report({ kind: 'built', tensorflow: tensorflowVersion(), devices });
  for (let done = 0; done < warmupBatches; done += 1) await makeStep(steps);
  report({ kind: 'warm' });
  for (let done = 1; done <= batches; done += 1) {
    const startedAt = performance.now();
    const loss = await makeStep(steps);
    report({ kind: 'step', step: done, seconds: (performance.now() - startedAt) / 1000, loss });
  }
}

/** One after the other: all but the last gather gradients. Gives the loss of the last. */
async function makeStep(parts: readonly Step[]): Promise<number> {
  let last = NaN;
  for (const part of parts) {
    using loss = (await part.run())[0]!;
    last = loss.number();
  }
  return last;
}

await serveChildTask(run);
