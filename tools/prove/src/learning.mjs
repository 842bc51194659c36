/** Proofs that networks learn real pictures, by the commands that a user has. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bluewaters, demand, percent, pictures } from './support.mjs';

/** Pictures of a class to fine-tune on, and to judge by. */
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
  const options = ['--recipe', 'cifar-long', '--seed', '1', '--export', 'best', '--evaluate-every', '3'];
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
 * How five classes of a set are learned from 20 pictures of each, after the other five.
 *
 * @typedef {object} Transfer
 * @property {'cifar10' | 'imagenette224'} set
 * @property {string} archive Its pictures.
 * @property {{ readonly count: number, readonly heldOut: number }} many Pictures of a class that is learned first.
 * @property {readonly string[]} parent Options of the training on many.
 * @property {readonly string[]} short Of the trainings on few.
 * @property {readonly string[]} kept Beside those, from the parent.
 * @property {string} network From nothing.
 */

/**
 * The share of held-out pictures that is right, of the first classes, and of the others from the parent and from nothing.
 *
 * @param {string} folder
 * @param {Transfer} transfer
 */
async function transferred(folder, { set, archive, many, parent, short, kept, network }) {
  const from = join(pictures(), set);
  const synsets = readFileSync(join(from, 'synsets.txt'), 'utf8').trim().split('\n');
  const few = { count: SHOTS, heldOut: HELD_OUT };
  for (const [parity, [dataset, { count, heldOut }]] of Object.entries({ many, few }).entries()) {
    const listed = synsets.filter((_, n) => n % 2 === parity);
    const list = join(folder, `${dataset}.txt`);
    writeFileSync(list, listed.join('\n'));
    const images = firstPictures(join(from, archive), listed, { folder, dataset, count: count + heldOut });
    const named = ['--dataset', dataset, '--store', folder];
    await bluewaters(['ingest', '--images', images, '--synsets', list, ...named]);
    await bluewaters(['shards', 'build', '--validation-share', String(heldOut / (count + heldOut)), ...named]);
  }
  const store = ['--store', folder, '--seed', '1'];
  const first = await bluewaters(['train', '--dataset', 'many', ...parent, ...store]);
  const again = ['train', '--dataset', 'few', ...short, ...store];
  const tuned = await bluewaters([...again, '--from', 'many', ...kept, '--run', 'tuned']);
  const scratch = await bluewaters([...again, '--network', network, '--run', 'scratch']);
  demand(tuned.code === 0 && scratch.code === 0, 'both trainings end');
  const [before, one, other] = [first, tuned, scratch].map(({ result }) => result.evaluation.top1);
  const { examples } = tuned.result.evaluation;
  return {
    ...{ one, other },
    said: `${percent(before)} right of the first five, then ${SHOTS} pictures of each of the others by \`${[...short, '--from', 'many', ...kept].join(' ')}\`: ${percent(one)} of ${examples} held-out pictures, from nothing ${percent(other)}`,
  };
}

/** 20 pictures a class of five classes of CIFAR-10, after the other five. @param {string} folder */
export async function finetune(folder) {
  const { one, other, said } = await transferred(folder, {
    ...{ set: 'cifar10', archive: 'Images.tar.gz', many: { count: 1_500, heldOut: HELD_OUT }, network: 'cifarnet' },
    parent: ['--network', 'cifarnet', '--epochs', '4'],
    short: ['--batch', '10', '--epochs', '20'],
    kept: ['--freeze', 'conv*', '--from-rate', '0.1'],
  });
  demand(one >= other + 0.05, `fine-tuning 5 points above training from nothing: got ${said}`);
  return `cifarnet after 4 epochs of CIFAR-10: ${said}`;
}

/** The same of photographs, at 96 by 96: some twenty minutes. @param {string} folder */
export async function finetunePhotographs(folder) {
  const small = ['--image-size', '96'];
  const { one, other, said } = await transferred(folder, {
    ...{ set: 'imagenette224', archive: 'Images.tar', many: { count: 340, heldOut: 50 }, network: 'resnet-18' },
    parent: ['--recipe', 'imagenette', ...small, '--epochs', '25'],
    short: ['--recipe', 'imagenette', ...small, '--batch', '20', '--epochs', '20'],
    kept: ['--freeze', 'conv1*,block1*,block2*', '--from-rate', '0.3'],
  });
  demand(one >= other + 0.1, `fine-tuning 10 points above training from nothing: got ${said}`);
  return `resnet-18 after 25 epochs of Imagenette: ${said}`;
}
