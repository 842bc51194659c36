import { argMax, equal, mean, cast, Session, type Output, type Tensor } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { networkByName, syntheticTraining, type SyntheticTraining } from './index.js';

async function fetchNumber(session: Session, output: Output): Promise<number> {
  using value = (await session.run({ fetches: [output] }))[0] as Tensor;
  return value.number();
}

/** Makes steps, and resolves to the loss before each of them. */
async function train(session: Session, { loss, step }: SyntheticTraining, steps: number): Promise<number[]> {
  const losses: number[] = [];
  while (losses.length < steps) {
    using value = (await session.run({ fetches: [loss], targets: [step] }))[0] as Tensor;
    losses.push(value.number());
  }
  return losses;
}

async function start(made: SyntheticTraining): Promise<Session> {
  const session = new Session(made.graph, { intraOpThreads: 2, interOpThreads: 2 });
  await session.run({ targets: [made.initialize] });
  return session;
}

describe('training steps', { timeout: 120_000 }, () => {
  it.each([
    ['lenet', 28, 0.001],
    ['resnet-20', 32, 0.01],
    ['googlenet', 64, 0.001],
    ['resnet-50', 32, 0.002],
  ])('of %s lower its loss on one batch', async (name, imageSize, learningRate) => {
    const made = syntheticTraining(networkByName(name), { batch: 8, outputs: 5, imageSize, learningRate });
    using _ = made.graph;
    using session = await start(made);
    const losses = await train(session, made, 4);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
  });

  it('of resnet-20 learn 64 pictures of noise by heart, also with the moving averages in place of the batch’s', async () => {
    const network = networkByName('resnet-20');
    const made = syntheticTraining(network, { batch: 64, outputs: 4, imageSize: 12, learningRate: 0.05 });
    using graph = made.graph;
    const scope = graph.scope().child('evaluate');
    const logits = network.build({ scope, variables: made.store }, made.images, 4);
    const hits = equal(scope, cast(scope, argMax(scope, logits, 1), 'int32'), made.labels);
    const accuracy = mean(scope, cast(scope, hits, 'float32'));
    using session = await start(made);
    expect(await fetchNumber(session, accuracy)).toBeLessThan(0.6);
    await train(session, made, 60);
    expect(await fetchNumber(session, accuracy)).toBeGreaterThan(0.95);
  });
});
