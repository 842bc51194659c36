/**
 * usage: input-training.mjs real|constant SHARD...: steps of training at 224 pixels, reading shards with random crops, or
 * fed with one batch over and over. The network is cifarnet, which at this size costs about half of a ResNet-50.
 */
import { networkByName } from '@bluewaters/models';
import { Session, Tensor } from '@bluewaters/tensorflow';
import { epochFeeds } from '../../services/training/dist/epoch-feeds.js';
import { buildTrainingGraph } from '../../services/training/dist/training-graph.js';
import { measure, recordsOf } from './measure.mjs';

const [kind, ...train] = process.argv.slice(2);
const [BATCH, SIZE, OUTPUTS] = [4, 224, 1001];
const MEASURED_MS = 15_000; // a step takes a second or so

const cifarnet = networkByName('cifarnet');
const network = { ...cifarnet, recipe: { ...cifarnet.recipe, augmentation: 'distorted-crop' } };
const request = { batch: BATCH, seed: 1, momentum: 0.9, weightDecay: 1e-4 };
const input = { ...network.input, imageSize: SIZE };
const { graph, initialize, training } = buildTrainingGraph({ network, request, input, outputs: OUTPUTS, threads: 2 });
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
await measure(async () => {
  if (step % stepsPerEpoch === 0) await startEpoch();
  await session.run({ feeds, targets: [training.step] });
  step += 1;
  epoch = Math.floor(step / stepsPerEpoch);
  return BATCH;
}, MEASURED_MS);
process.exit(0);
