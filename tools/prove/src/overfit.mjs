/** That every plan of networks can learn: one of each, at full width and less resolution. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { REPOSITORY, demand } from './support.mjs';

/** Side in pixels, optimiser, rate and the steps that it may take. @type {readonly (readonly [string, ...(string | number)[]])[]} */
const NETWORKS = [
  ['perceptron', 12, 'momentum', 0.05, 60],
  ['lenet', 12, 'momentum', 0.02, 80],
  ['cifarnet', 8, 'momentum', 0.01, 150],
  ['airbench', 32, 'momentum', 0.02, 30],
  ['resnet-9', 16, 'momentum', 0.05, 80],
  ['resnet-20', 8, 'momentum', 0.05, 20],
  ['resnet-18', 8, 'momentum', 0.01, 20],
  ['resnet-50', 32, 'adam', 0.001, 20],
  ['alexnet', 67, 'adam', 0.0003, 40],
  ['alexnet-2012', 67, 'adam', 0.0003, 40],
  ['googlenet', 32, 'adam', 0.001, 60],
  ['vgg-16', 16, 'adam', 0.0001, 60],
  ['vgg-16-bn', 16, 'adam', 0.0003, 40],
  ['inception-v3', 75, 'adam', 0.001, 20],
];

/** 64 pictures of noise, learnt by heart by each network, each in a process of its own. */
export async function overfit() {
  const found = NETWORKS.map(([name, ...settings]) => {
    const program = join(REPOSITORY, 'tools/prove/overfit_network.mjs');
    const output = execFileSync(process.execPath, [program, name, ...settings.map(String)], { encoding: 'utf8' });
    const { learnt, steps, seconds } = JSON.parse(output.trimEnd().split('\n').at(-1) ?? '');
    demand(learnt, `${name} has all 64 pictures right after ${steps} steps`);
    return `${name} ${steps} (${seconds.toFixed(0)} s)`;
  });
  return `64 pictures of noise learnt by heart, after so many steps: ${found.join(', ')}`;
}
