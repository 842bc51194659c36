/** The ways to train a network on the same pictures, each the whole program that its user would run. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readScalars } from '@bluewaters/tensorflow';
import { COMMAND, beside } from '../comparison.mjs';
import { capture } from '../../setup/src/process.mjs';
import { PICTURES, shardsOf } from '../shards.mjs';
import { runWholeProgram } from './whole-program.mjs';

/** @typedef {import('../comparison.mjs').Place} Place */

/**
 * What is trained.
 *
 * @typedef {object} Training
 * @property {string} network
 * @property {import('../shards.mjs').Pictures} pictures
 * @property {number} batch
 * @property {number} steps Of which the last 20 are timed, or all but the first where there are fewer.
 */

/** @typedef {{ imagesPerSecond: number, peakBytes: number }} Trained */
/** @typedef {(training: Training, place: Place) => Promise<Trained>} Train */

let runs = 0;

/** `bluewaters train`, interrupted after its checkpoint of the last step. @type {Train} */
export async function trainOurs({ network, pictures, batch, steps }, place) {
  shardsOf(place, pictures);
  const run = `${network}-${(runs += 1)}`;
  const directory = join(place.folder, 'runs', run, 'checkpoint_dir');
  const plan = ['--network', network, '--batch', String(batch), '--learning-rate', '0.001'];
  const often = ['--checkpoint-every-steps', String(steps), '--epochs', '1000'];
  const args = ['train', '--dataset', pictures, '--run', run, '--store', place.folder, ...plan, ...often];
  const { peakBytes } = await runWholeProgram(process.execPath, [COMMAND, ...args], {
    env: place.tuned,
    enough: () => existsSync(join(directory, `model.ckpt-${steps}.json`)),
  });
  const curve = (await readScalars(join(directory, 'train'))).get('images_per_second') ?? [];
  const found = curve.find(({ step }) => step === steps);
  if (!found) throw new Error(`${directory} tells no images_per_second of step ${steps}`);
  return { imagesPerSecond: found.value, peakBytes };
}

/** Keras's fit as it comes, on the same shards. @type {Train} */
export async function trainKeras({ network, pictures, batch, steps }, place) {
  const args = [network, String(batch), String(steps), ...shardsOf(place, pictures)];
  return python(place.python, ['training/keras_fit.py', ...args], place.plain);
}

/**
 * PyTorch as it comes, on the same pictures in a folder a class.
 *
 * @param {string} program A Python with PyTorch and torchvision.
 * @returns {Train}
 */
export const trainTorchWith = (program) => async (training, place) => {
  const { network, pictures, batch, steps } = training;
  const folder = join(place.folder, 'unpacked', pictures);
  if (!existsSync(folder)) {
    const archive = join(place.data ?? '', pictures, PICTURES[pictures].archive);
    const { status, errors } = await capture(program, [beside('training/unpack.py'), archive, folder]);
    if (status !== 0) throw new Error(errors);
  }
  return python(program, ['training/torch_train.py', network, String(batch), String(steps), folder], place.plain);
};

/**
 * @param {string} program
 * @param {readonly [file: string, ...args: string[]]} command
 * @param {Record<string, string | undefined>} env
 * @returns {Promise<Trained>}
 */
async function python(program, [file, ...args], env) {
  const { output, peakBytes } = await runWholeProgram(program, [beside(file), ...args], { env });
  return { imagesPerSecond: Number(output.trim().split('\n').at(-1)), peakBytes };
}
