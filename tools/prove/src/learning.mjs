/** Proofs that networks learn real pictures, by the commands that a user has. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bluewaters, demand, percent, pictures } from './support.mjs';

/** Pictures of a class to learn the first classes from, to fine-tune on, and to judge by. */
const MANY = 1_500;
const SHOTS = 20;
const HELD_OUT = 200;

/**
 * An archive of the first few pictures of some synsets.
 *
 * @param {string} images
 * @param {readonly string[]} synsets
 * @param {{ folder: string, dataset: string, count: number }} options
 */
function firstPictures(images, synsets, { folder, dataset, count }) {
  const inside = join(folder, `${dataset}-pictures`);
  mkdirSync(inside);
  /** @param {readonly string[]} args */
  const tar = (...args) => execFileSync('tar', args, { cwd: inside, encoding: 'utf8', maxBuffer: 64 << 20 });
  const names = synsets.map((synset) => `${synset}.tar`);
  tar('xf', images, ...names);
  for (const name of names) {
    const members = tar('tf', name).trim().split('\n').slice(0, count);
    tar('xf', name, ...members);
    tar('cf', name, ...members);
  }
  tar('cf', `../${dataset}.tar`, ...names);
  return join(folder, `${dataset}.tar`);
}

/**
 * The line from an archive of real pictures to a registered model, by a recipe; goes on where an earlier one stopped.
 *
 * @param {'cifar10' | 'imagenette224'} set
 * @param {string} folder
 * @param {readonly string[]} options Of the training.
 */
async function learn(set, folder, options) {
  const from = join(pictures(), set);
  const archive = join(from, set === 'cifar10' ? 'Images.tar.gz' : 'Images.tar');
  const files = ['--images', archive, '--synsets', join(from, 'synsets.txt'), '--words', join(from, 'words.txt')];
  const { code, result } = await bluewaters(['run', ...files, '--dataset', set, '--store', folder, ...options]);
  demand(code === 0, 'the line ends');
  const took = `${(result.seconds / 60).toFixed(0)} min in all`;
  return { ...result, said: `${percent(result.top1)} of ${result.heldOut} held-out pictures, ${took}` };
}

/** A few minutes of cifarnet. @param {string} folder */
export async function cifar10(folder) {
  const { top1, said } = await learn('cifar10', folder, ['--network', 'cifarnet', '--epochs', '4']);
  demand(top1 >= 0.68, `at least 68 %: got ${said}`);
  return `cifarnet after 4 epochs: ${said}`;
}

/** Within an hour on two cores. @param {string} folder */
export async function cifarFast(folder) {
  const { top1, seconds, said } = await learn('cifar10', folder, ['--recipe', 'cifar-fast', '--seed', '1']);
  demand(top1 >= 0.9 && seconds <= 3600, `at least 90 % within 60 minutes: got ${said}`);
  return `CIFAR-10's 50,000 training pictures by \`--recipe cifar-fast --seed 1\`: ${said}`;
}

/** Minutes on a GPU, days on two cores: keep its folder, and it may be interrupted. @param {string} folder */
export async function cifarLong(folder) {
  const options = ['--recipe', 'cifar-long', '--seed', '1', '--export', 'best'];
  const { top1, said } = await learn('cifar10', folder, options);
  demand(top1 >= 0.93, `at least 93 %: got ${said}`);
  return `CIFAR-10's 50,000 training pictures by \`${options.join(' ')}\`: ${said}`;
}

/** Photographs of ten classes, 390 of each; a fifth is held out. @param {string} folder */
export async function imagenette(folder) {
  const options = ['--recipe', 'imagenette', '--image-size', '96', '--seed', '1', '--validation-share', '0.2'];
  const { top1, said } = await learn('imagenette224', folder, options);
  demand(top1 >= 0.65, `at least 65 %: got ${said}`);
  return `Imagenette's 3,900 by \`${options.join(' ')}\`: ${said}`;
}

/**
 * 20 pictures a class of five classes of CIFAR-10, after the other five and from nothing.
 *
 * @param {string} folder
 */
export async function finetune(folder) {
  const from = join(pictures(), 'cifar10');
  const synsets = readFileSync(join(from, 'synsets.txt'), 'utf8').trim().split('\n');
  const [many, few] = [0, 1].map((parity) => synsets.filter((_, n) => n % 2 === parity));
  for (const [dataset, listed, shots] of /** @type {const} */ ([
    ['many', many, MANY],
    ['few', few, SHOTS],
  ])) {
    const list = join(folder, `${dataset}.txt`);
    writeFileSync(list, listed.join('\n'));
    const archive = firstPictures(join(from, 'Images.tar.gz'), listed, { folder, dataset, count: shots + HELD_OUT });
    const named = ['--dataset', dataset, '--store', folder];
    await bluewaters(['ingest', '--images', archive, '--synsets', list, ...named]);
    await bluewaters(['shards', 'build', '--validation-share', String(HELD_OUT / (shots + HELD_OUT)), ...named]);
  }
  const store = ['--store', folder];
  const parent = await bluewaters(['train', '--dataset', 'many', '--network', 'cifarnet', '--epochs', '4', ...store]);
  const short = ['train', '--dataset', 'few', '--batch', '10', '--epochs', '20', ...store];
  const kept = ['--from', 'many', '--freeze', 'conv*', '--from-rate', '0.1'];
  const tuned = await bluewaters([...short, ...kept, '--run', 'tuned']);
  const scratch = await bluewaters([...short, '--network', 'cifarnet', '--run', 'scratch']);
  const [one, other] = [tuned, scratch].map(({ result }) => result.evaluation.top1);
  const apart = 'fine-tuning 5 points above training from nothing';
  demand(tuned.code === 0 && one >= other + 0.05, `${apart}: got ${percent(one)} and ${percent(other)}`);
  const { evaluation } = parent.result;
  return `cifarnet after 4 epochs of ${MANY} pictures of each of five classes of CIFAR-10 (${percent(evaluation.top1)} right), then ${SHOTS} pictures of each of the other five for 20 epochs: ${percent(one)} of ${few.length * HELD_OUT} held-out pictures, from nothing ${percent(other)}`;
}
