import { argMax, equal, mean, cast, Session, type Output, type Tensor } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { networkByName, syntheticTraining, type Network, type SyntheticTraining } from './index.js';

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

/** Of the network as it is served, on its own batch: float32 scalar, 0 to 1. */
function accuracyOf(network: Network, { graph, store, images, labels }: SyntheticTraining, outputs: number): Output {
  const scope = graph.scope().child('evaluate');
  const logits = network.build({ scope, variables: store }, images, outputs);
  const hits = equal(scope, cast(scope, argMax(scope, logits, 1), 'int32'), labels);
  return mean(scope, cast(scope, hits, 'float32'));
}

/** Below this no picture of 64 has less than half of its probability on its own label: all are right. */
const LEARNT_BY_HEART = Math.log(2) / 64;

describe('training steps', { timeout: 120_000 }, () => {
  it('of resnet-50 lower its loss on one batch', async () => {
    const settings = { batch: 8, outputs: 5, imageSize: 32, learningRate: 0.002 };
    const made = syntheticTraining(networkByName('resnet-50'), settings);
    using _ = made.graph;
    using session = await start(made);
    const losses = await train(session, made, 4);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
  });

  it.each([
    ['perceptron', 12, 'momentum', 0.05, 60],
    ['lenet', 12, 'momentum', 0.02, 80],
    ['cifarnet', 8, 'momentum', 0.01, 150],
    ['airbench', 32, 'momentum', 0.02, 30],
    ['resnet-9', 16, 'momentum', 0.05, 80],
    // 20 layers stand for 32 and 56.
    ['resnet-20', 8, 'momentum', 0.05, 20],
    // 18 layers stand for 34.
    ['resnet-18', 8, 'momentum', 0.01, 20],
  ] as const)(
    'of %s learn 64 pictures of noise by heart, %i pixels wide',
    async (name, imageSize, optimiser, learningRate, mostSteps) => {
      const settings = { optimiser, momentum: 0.9, weightDecay: 0 };
      const options = { batch: 64, outputs: 3, imageSize, learningRate, settings };
      const made = syntheticTraining(networkByName(name), options);
      using _ = made.graph;
      using session = await start(made);
      let [steps, loss] = [0, Infinity];
      for (; steps < mostSteps && loss > LEARNT_BY_HEART; steps += 1)
        [loss] = (await train(session, made, 1)) as [number];
      expect(loss, `after ${steps} steps`).toBeLessThan(LEARNT_BY_HEART);
    },
  );

  // What their dropout takes away in training keeps the loss up; without it all pictures are right. VGG, Inception
  // v3 and ResNet-50 take longer: npm run prove -- overfit.
  it.each([
    ['alexnet', 67, 0.0003, 40],
    ['googlenet', 32, 0.001, 60],
  ])(
    'of %s learn 64 pictures of noise by heart behind its dropout, %i pixels wide',
    async (name, imageSize, learningRate, mostSteps) => {
      const network = networkByName(name);
      const settings = { optimiser: 'adam', momentum: 0.9, weightDecay: 0 } as const;
      const made = syntheticTraining(network, { batch: 64, outputs: 3, imageSize, learningRate, settings });
      using _ = made.graph;
      const accuracy = accuracyOf(network, made, 3);
      using session = await start(made);
      let [steps, right] = [0, 0];
      for (; steps < mostSteps && right < 1; steps += 4) {
        await train(session, made, 4);
        right = await fetchNumber(session, accuracy);
      }
      expect(right, `after ${steps} steps`).toBe(1);
    },
  );

  it('of resnet-20 learn them also with the moving averages in place of the batch’s', async () => {
    const network = networkByName('resnet-20');
    const made = syntheticTraining(network, { batch: 64, outputs: 4, imageSize: 12, learningRate: 0.05 });
    using _ = made.graph;
    const accuracy = accuracyOf(network, made, 4);
    using session = await start(made);
    expect(await fetchNumber(session, accuracy)).toBeLessThan(0.6);
    await train(session, made, 60);
    expect(await fetchNumber(session, accuracy)).toBeGreaterThan(0.95);
  });
});
