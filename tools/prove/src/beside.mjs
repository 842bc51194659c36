/** Proofs beside Keras, by the clock. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { readScalars } from '@bluewaters/tensorflow';
import { shardPaths } from '../../bench/shards.mjs';
import { REPOSITORY, bluewaters, demand, percent, pictures, python } from './support.mjs';

/** lenet on MNIST's shards. @param {string} folder */
export async function keras(folder) {
  const program = await python();
  await bluewaters(['run', '--quickstart', '--epochs', '1', '--store', folder, '--minimum-accuracy', '0.95']);
  const paths = shardPaths(join(folder, 'datasets/mnist'), 'train');
  /** @type {number[]} */
  const ratios = [];
  const figures = [];
  for (const turn of ['a', 'b', 'c']) {
    const ours = await bluewaters(['train', '--dataset', 'mnist', '--epochs', '2', '--run', turn, '--store', folder]);
    const keras = execFileSync(program, [join(REPOSITORY, 'tools/prove/keras_lenet.py'), ...paths], {
      encoding: 'utf8',
      env: { ...process.env, TF_ENABLE_ONEDNN_OPTS: '1', TF_CPP_MIN_LOG_LEVEL: '3' },
    });
    const rates = [ours.result.imagesPerSecond, Number(keras.trimEnd().split('\n').at(-1))];
    ratios.push(rates[0] / rates[1]);
    figures.push(rates.map((rate) => rate.toFixed(0)).join(' against '));
  }
  const median = [...ratios].sort((a, b) => a - b)[1] ?? 0;
  return `lenet on MNIST's shards, images/s, ours against Keras: ${figures.join(', ')}; median ratio ${median.toFixed(2)}`;
}

/** Epochs of the race: enough for 85 %, and few enough to be run. */
const EPOCHS = 6;
const WARM_UP_EPOCHS = 1.2;
/** What of the recipe does not pay in so few epochs; nor is it in Keras's script. */
const WITHOUT = ['--augmentation', 'shift,flip', '--views', 'one'];
const GOAL = 0.85;

/**
 * Who comes first to 85 % of CIFAR-10's held-out pictures, by the same recipe: our command, or Keras with a script that
 * its user would write. Programs' starts count.
 *
 * @param {string} folder
 */
export async function race(folder) {
  const from = join(pictures(), 'cifar10');
  const files = ['--images', join(from, 'Images.tar.gz'), '--synsets', join(from, 'synsets.txt')];
  const place = ['--dataset', 'cifar10', '--store', folder];
  await bluewaters(['ingest', ...files, ...place]);
  const built = await bluewaters(['shards', 'build', ...place]);
  const short = ['--epochs', String(EPOCHS), '--warm-up-epochs', String(WARM_UP_EPOCHS), ...WITHOUT];
  const recipe = ['--recipe', 'cifar-fast', ...short];
  const startedAt = Date.now() / 1000;
  await bluewaters(['train', ...recipe, '--seed', '1', '--run', 'race', ...place]);
  const curves = await readScalars(join(folder, 'runs/race/checkpoint_dir/validation'));
  const ours = (curves.get('accuracy/top1') ?? []).find(({ value }) => value >= GOAL);
  const theirs = await raceKeras(join(folder, 'datasets/cifar10'), built.result.splits.train.examples);
  const ratio = ours && theirs ? theirs / (ours.wallTime - startedAt) : 0;
  demand(ratio >= 1.2, `${percent(GOAL)} in 1.2 times less time: got ${ratio.toFixed(2)}`);
  const [mine, other] = [(ours?.wallTime ?? NaN) - startedAt, theirs ?? NaN].map((seconds) => seconds.toFixed(0));
  return `${percent(GOAL)} of CIFAR-10's held-out pictures after ${mine} s, Keras after ${other} s by the same recipe of ${EPOCHS} epochs: ${ratio.toFixed(2)} times faster`;
}

/**
 * @param {string} folder Of the dataset.
 * @param {number} examples To train on.
 * @returns {Promise<number | undefined>} Seconds until Keras has reached the goal, if it has.
 */
async function raceKeras(folder, examples) {
  const program = join(REPOSITORY, 'tools/prove/keras_cifar.py');
  const plan = [EPOCHS, WARM_UP_EPOCHS, GOAL, examples].map(String);
  const startedAt = performance.now();
  const files = [...shardPaths(folder, 'train'), '--', ...shardPaths(folder, 'validation')];
  const output = execFileSync(await python(), [program, ...plan, ...files], {
    encoding: 'utf8',
    // Whether it uses oneDNN is TensorFlow's own choice there, as for whoever starts the script by hand.
    env: { ...process.env, TF_ENABLE_ONEDNN_OPTS: undefined, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  const last = Number(output.trimEnd().split('\n').at(-1));
  return last >= GOAL ? (performance.now() - startedAt) / 1000 : undefined;
}
