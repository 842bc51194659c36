import { argMax, equal, mean, cast, Session, type Output, type Tensor } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { listNetworks, networkByName, syntheticTraining, type Network, type SyntheticTraining } from './index.js';
import { NarrowStore } from './narrow.fixture.js';

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

const PICTURES = 64;

/** Below this no picture has less than half of its probability on its own label: all are right. */
const LEARNT_BY_HEART = Math.log(2) / PICTURES;

/** The network as it is served is looked at every so many steps; dropout keeps the loss of a step up. */
const LOOK_EVERY = 4;

/** How a network learns: by which part of its width, its pictures' side, the optimiser, its rate, the steps that it may take. */
type Experiment = readonly [
  divisor: number,
  imageSize: number,
  optimiser: 'momentum' | 'adam',
  rate: number,
  steps: number,
];

/** Networks for photographs at a fourth of their width. A registered network that is not here fails. */
const EXPERIMENTS: Readonly<Record<string, Experiment>> = {
  perceptron: [1, 12, 'momentum', 0.05, 60],
  lenet: [1, 12, 'momentum', 0.02, 80],
  cifarnet: [1, 8, 'momentum', 0.01, 150],
  airbench: [1, 32, 'momentum', 0.02, 30],
  'resnet-9': [1, 16, 'momentum', 0.05, 80],
  'resnet-9-wide': [1, 8, 'momentum', 0.01, 20],
  'resnet-20': [1, 8, 'momentum', 0.05, 20],
  'resnet-32': [1, 8, 'momentum', 0.05, 20],
  'resnet-56': [1, 8, 'momentum', 0.05, 20],
  alexnet: [4, 67, 'adam', 0.001, 50],
  'alexnet-2012': [4, 67, 'adam', 0.001, 50],
  'alexnet-2012-towers': [4, 67, 'adam', 0.001, 56],
  'vgg-16': [4, 16, 'adam', 0.001, 60],
  'vgg-16-bn': [4, 16, 'adam', 0.001, 30],
  'vgg-19': [4, 16, 'adam', 0.001, 80],
  'vgg-19-bn': [4, 16, 'adam', 0.001, 30],
  googlenet: [4, 32, 'adam', 0.002, 40],
  'inception-v3': [4, 75, 'adam', 0.002, 40],
  'resnet-18': [4, 16, 'adam', 0.002, 30],
  'resnet-34': [4, 16, 'adam', 0.002, 30],
  'resnet-50': [4, 16, 'adam', 0.002, 30],
  'resnet-101': [4, 16, 'adam', 0.002, 60],
  'resnet-152': [4, 16, 'adam', 0.002, 60],
  'resnet-50-v1': [4, 16, 'adam', 0.002, 30],
  'resnet-101-v1': [4, 16, 'adam', 0.002, 60],
  'resnet-152-v1': [4, 16, 'adam', 0.002, 60],
  'resnet-50-v2': [4, 16, 'adam', 0.002, 30],
  'resnet-101-v2': [4, 16, 'adam', 0.002, 40],
  'resnet-152-v2': [4, 16, 'adam', 0.002, 40],
  'resnet-50-v2-keras': [4, 16, 'adam', 0.002, 30],
  'resnet-50-v1-slim': [4, 16, 'adam', 0.002, 30],
  'resnet-101-v1-slim': [4, 16, 'adam', 0.002, 60],
  'resnet-152-v1-slim': [4, 16, 'adam', 0.002, 60],
  'resnet-50-v2-slim': [4, 16, 'adam', 0.002, 30],
  'resnet-101-v2-slim': [4, 16, 'adam', 0.002, 40],
  'resnet-152-v2-slim': [4, 16, 'adam', 0.002, 40],
};

/** Trains until all pictures are right. @returns Steps that it took; undefined when they were not enough. */
async function learnByHeart(network: Network, experiment: Experiment): Promise<number | undefined> {
  const [divisor, imageSize, optimiser, learningRate, most] = experiment;
  const made = syntheticTraining(network, {
    ...{ batch: PICTURES, outputs: 3, imageSize, learningRate },
    settings: { optimiser, momentum: 0.9, weightDecay: 0 },
    makeStore: (root, seed) => new NarrowStore(root, seed, divisor),
  });
  using _ = made.graph;
  const accuracy = accuracyOf(network, made, 3);
  using session = await start(made);
  for (let steps = 1; steps <= most; steps += 1) {
    const [loss] = (await train(session, made, 1)) as [number];
    if (loss < LEARNT_BY_HEART) return steps;
    if (steps % LOOK_EVERY === 0 && (await fetchNumber(session, accuracy)) === 1) return steps;
  }
  return undefined;
}

const REGISTERED = listNetworks().map(({ name }) => name);

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

  it.each(REGISTERED)('of %s learn 64 pictures of noise by heart', async (name) => {
    const experiment = EXPERIMENTS[name];
    expect(experiment, 'how it is to learn').toBeDefined();
    expect(await learnByHeart(networkByName(name), experiment!), 'steps that it took').toBeDefined();
  });

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
