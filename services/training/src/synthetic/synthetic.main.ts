/**
 * Trains a network on one batch of random pictures, and tells how long each step took. Nothing is read and nothing is
 * written.
 */
import { networkByName, syntheticTraining } from '@bluewaters/models';
import { serveChildTask } from '@bluewaters/service';
import { listDevices, Session, tensorflowVersion, type Step } from '@bluewaters/tensorflow';
import type { SyntheticReport, SyntheticTask } from './synthetic.js';

async function run(task: SyntheticTask, report: (report: SyntheticReport) => void): Promise<void> {
  const { network, batch, imageSize, threads, warmupBatches, batches } = task;
  const made = syntheticTraining(networkByName(network), { batch, ...(imageSize === undefined ? {} : { imageSize }) });
  using graph = made.graph;
  using session = new Session(graph, { intraOpThreads: threads, interOpThreads: threads });
  await session.run({ targets: [made.initialize] });
  const step = session.prepare({ fetches: [made.loss], targets: [made.step] });
  const devices = listDevices().map(({ name }) => name.replace(/^.*device:/u, ''));
  report({ kind: 'built', tensorflow: tensorflowVersion(), devices });
  for (let done = 0; done < warmupBatches; done += 1) await makeStep(step);
  report({ kind: 'warm' });
  for (let done = 1; done <= batches; done += 1) {
    const startedAt = performance.now();
    const loss = await makeStep(step);
    report({ kind: 'step', step: done, seconds: (performance.now() - startedAt) / 1000, loss });
  }
}

async function makeStep(step: Step): Promise<number> {
  using loss = (await step.run())[0]!;
  return loss.number();
}

await serveChildTask(run);
