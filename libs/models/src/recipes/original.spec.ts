import { Session, type Tensor } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import {
  learningRate,
  networkByName,
  peakRate,
  recipeByName,
  syntheticTraining,
  type Hyperparameters,
} from '../index.js';

/** Of a recipe: what somebody else's words say about it, and where these words are. */
type Pinned = readonly [recipe: string, source: string, values: Partial<Hyperparameters>];

/** The original's jobs are told in the words of their scripts; the rest is by paper and section, or by program and file. */
const PINNED: readonly Pinned[] = [
  [
    'tf-cnn-benchmarks-2018',
    'the job of the talk: 1 parameter server and 15 workers, inception3 with SGD, batch 32, a barrier every step',
    { optimiser: 'sgd', momentum: 0, batch: 15 * 32, rateScaling: undefined },
  ],
  [
    'tf-cnn-benchmarks-2018',
    'tf_cnn_benchmarks, models/inception_model.py: a rate of 0.005, auxiliary=False; its flags: weight_decay 0.00004, no decay of the rate, no smoothing',
    { learningRate: 0.005, auxiliaryWeight: 0, weightDecay: 4e-5, schedule: 'constant', labelSmoothing: undefined },
  ],
  [
    'tf-cnn-benchmarks-2018-nesterov',
    'the job of March 2018: 16 workers, Nesterov 0.9, a rate of 0.4 x sqrt(workers), label smoothing 0.5, auxiliary weight 0.3',
    {
      ...{ optimiser: 'nesterov', momentum: 0.9, batch: 16 * 32, labelSmoothing: 0.5, auxiliaryWeight: 0.3 },
      ...{ learningRate: 0.4, rateScaling: 'square-root', rateScalingBatch: 32, warmUpEpochs: 0 },
    },
  ],
  [
    'tf-cnn-benchmarks-2018-nesterov',
    'in place of its decay factor of 2.71, an error, Szegedy et al. 2016, section 8: every two epochs by 0.94',
    { schedule: 'exponential', decayEpochs: [2], decayFactor: 0.94 },
  ],
  ['tf-cnn-benchmarks-2018-horovod', 'the job over Horovod: RMSProp 0.1', { optimiser: 'rms-prop', learningRate: 0.1 }],
  [
    'tf-cnn-benchmarks-2018-horovod',
    'Szegedy et al. 2016, sections 7 and 8: smoothing 0.1, every two epochs by 0.94',
    { labelSmoothing: 0.1, schedule: 'exponential', decayEpochs: [2], decayFactor: 0.94, warmUpEpochs: 0 },
  ],
  [
    'tf-cnn-benchmarks-2018-horovod',
    "Google's program for that paper, inception_train.py: RMSPROP_MOMENTUM = 0.9, MOVING_AVERAGE_DECAY = 0.9999; its weight_decay 0.00004",
    { momentum: 0.9, averageDecay: 0.9999, weightDecay: 4e-5 },
  ],
  [
    'goyal',
    'Goyal et al. 2017, sections 2 and 5.1: 0.1 for each 256, 5 epochs of warm-up, a tenth at 30, 60 and 80, momentum 0.9, weight decay 0.0001, 90 epochs',
    {
      ...{ optimiser: 'momentum', momentum: 0.9, weightDecay: 1e-4, epochs: 90, batch: 256, learningRate: 0.1 },
      ...{ rateScaling: 'linear', rateScalingBatch: 256, warmUpEpochs: 5, warmUpFrom: 0.1 },
      ...{ schedule: 'steps', decayEpochs: [30, 60, 80], decayFactor: 0.1 },
    },
  ],
  [
    'lars',
    "Google's ResNet for TPU, lars_util.py: plr = 10.0 below 16,384, w_epochs = 5, polynomial_decay with power 2.0; its flags: momentum 0.9, weight_decay 1e-4, label_smoothing 0.1",
    {
      ...{ optimiser: 'lars', batch: 8192, learningRate: 10, warmUpEpochs: 5, schedule: 'polynomial', decayPower: 2 },
      ...{ momentum: 0.9, weightDecay: 1e-4, labelSmoothing: 0.1, endLearningRate: undefined, rateScaling: undefined },
    },
  ],
];

const hyperparametersOf = (name: string): Hyperparameters => recipeByName(name).hyperparameters;

/** Weights of a dense layer before a step, their gradient, and the weights after it. */
async function weightsInAStep(settings: Hyperparameters, rate: number) {
  const made = syntheticTraining(networkByName('perceptron'), {
    ...{ batch: 4, outputs: 5, imageSize: 6, learningRate: rate },
    settings: { ...settings, averageDecay: 0 },
  });
  using _ = made.graph;
  using session = new Session(made.graph, { intraOpThreads: 1, interOpThreads: 1 });
  await session.run({ targets: [made.initialize] });
  const at = made.store.parameters.findIndex(({ variable: { name } }) => name === 'hidden/weights');
  const weights = made.store.parameters[at]!.variable.value;
  const values = (tensor: Tensor): number[] => {
    using owned = tensor;
    return Array.from(owned.values('float32'));
  };
  const [before, slopes] = (await session.run({ fetches: [weights, made.gradients[at]!] })).map(values);
  await session.run({ targets: [made.step] });
  const [after] = (await session.run({ fetches: [weights] })).map(values);
  return { before: before!, slopes: slopes!, after: after! };
}

const norm = (values: readonly number[]): number => Math.hypot(...values);

/** How far two vectors are apart. */
const distance = (a: readonly number[], b: readonly number[]): number => norm(a.map((value, i) => value - b[i]!));

describe('what others wrote down', () => {
  it.each(PINNED)('%s has by %s', (name, _source, values) => {
    const found = hyperparametersOf(name);
    const fields = Object.keys(values) as (keyof Hyperparameters)[];
    expect(Object.fromEntries(fields.map((field) => [field, found[field]]))).toEqual(values);
  });

  it('gives the successor a rate of 0.4 x the root of its workers, whatever their number', () => {
    const settings = hyperparametersOf('tf-cnn-benchmarks-2018-nesterov');
    const rates = [1, 4, 16, 64].map((workers) => peakRate({ ...settings, batch: workers * 32 }));
    expect(rates.map((rate) => rate / 0.4)).toEqual([1, 2, 4, 8].map((root) => expect.closeTo(root, 12) as number));
  });

  it('lets no rate of the original rise, which a factor of 2.71 did', () => {
    for (const name of ['tf-cnn-benchmarks-2018-nesterov', 'tf-cnn-benchmarks-2018-horovod']) {
      const rate = learningRate(hyperparametersOf(name), { stepsPerEpoch: 10, totalSteps: 900 });
      expect(rate(20) / rate(19)).toBeCloseTo(0.94, 12);
      expect(rate(899) / rate(0)).toBeCloseTo(0.94 ** 44, 12);
    }
  });

  it('is 0.9 and 1.0 for what RMSProp keeps and adds: Szegedy et al. 2016, section 8', async () => {
    const settings = hyperparametersOf('tf-cnn-benchmarks-2018-horovod');
    const { before, slopes, after } = await weightsInAStep(settings, settings.learningRate);
    const expected = before.map((weight, i) => {
      const slope = slopes[i]! + 4e-5 * weight;
      return weight - (0.1 * slope) / Math.sqrt(0.9 * 1 + 0.1 * slope ** 2 + 1.0); // squares start at 1
    });
    expect(distance(after, expected)).toBeLessThan(1e-4 * distance(before, expected));
  });

  it('is 0.001 for the trust of LARS, with nothing added to a norm: You et al. 2017, section 4', async () => {
    const { before, slopes, after } = await weightsInAStep(hyperparametersOf('lars'), 10);
    const trust = (0.001 * norm(before)) / (norm(slopes) + 1e-4 * norm(before));
    const expected = before.map((weight, i) => weight - 10 * trust * (slopes[i]! + 1e-4 * weight));
    expect(distance(after, expected)).toBeLessThan(1e-4 * distance(before, expected));
  });
});
