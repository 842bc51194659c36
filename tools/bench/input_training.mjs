/**
 * usage: input_training.mjs real|constant SHARD...: steps of the training service's own graph for resnet-50, reading shards
 * with random crops, or fed with one batch over and over.
 */
import { networkByName } from '@bluewaters/models';
import { Session, Tensor } from '@bluewaters/tensorflow';
import { epochFeeds } from '../../services/training/dist/epoch-feeds.js';
import { buildTrainingGraph } from '../../services/training/dist/training-graph.js';
import { answer } from './answer.mjs';
import { recordsOf } from './shuffled_records.mjs';

const [kind, ...train] = process.argv.slice(2);
const [BATCH, OUTPUTS] = [8, 1001];

const network = networkByName('resnet-50');
const request = { batch: BATCH, seed: 1, momentum: 0.9, weightDecay: 1e-4 };
const { input } = network;
const { imageSize: SIZE } = input;
const { graph, initialize, training } = buildTrainingGraph({
  ...{ network, request, input, outputs: OUTPUTS, threads: 2 },
  ...{ trainingSize: input.imageSize, rateOf: () => 1 },
});
const session = new Session(graph, { intraOpThreads: 2, interOpThreads: 2 });
await session.run({ targets: [initialize] });

const rate = Tensor.scalar('float32', 1e-4);
const images = Tensor.of('float32', [BATCH, SIZE, SIZE, 3], new Float32Array(BATCH * SIZE * SIZE * 3).fill(0.5));
const labels = Tensor.of('int32', [BATCH], new Int32Array(BATCH).fill(1));
const constant = [
  [training.images, images],
  [training.labels, labels],
];
const feeds = [[training.learningRate, rate], ...(kind === 'constant' ? constant : [])];

const records = recordsOf(train);
const part = { seed: 1, batch: BATCH, rank: 0, worldSize: 1 };
let [step, epoch] = [0, 0];
async function startEpoch() {
  const fed = epochFeeds(training, { train, records }, { ...part, epoch });
  await session.run({ feeds: fed.feeds, targets: [training.start] });
  fed[Symbol.dispose]();
}

const stepsPerEpoch = Math.ceil(records.count / BATCH);
await answer(async () => {
  if (step % stepsPerEpoch === 0) await startEpoch();
  await session.run({ feeds, targets: [training.step] });
  step += 1;
  epoch = Math.floor(step / stepsPerEpoch);
  return 0;
});
process.exit(0);
