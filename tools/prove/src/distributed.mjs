/** Proofs that several processes train as well as one, and come to the right end whatever happens to them. */
import { join } from 'node:path';
import { Beside } from './beside-ranks.mjs';
import { disturbed } from './faults.mjs';
import { bluewaters, demand, percent, prepare } from './support.mjs';

/** Networks that learn in a few minutes. */
const LEARNED = /** @type {const} */ ([
  ['mnist', 'lenet', '3'],
  ['cifar10', 'cifarnet', '6'],
]);
const WORKERS = 4;
/** Of one process; each worker has its share of both. */
const [BATCH, RATE] = [128, 0.02];

/**
 * As many examples by one process, and by workers that do not wait for one another: each makes updates of its own, from
 * its share of a batch and by its share of the rate.
 *
 * @param {string} folder
 */
export async function asynchronous(folder) {
  const found = [];
  for (const [dataset, network, epochs] of LEARNED) {
    await prepare(dataset, folder);
    const training = ['train', '--dataset', dataset, '--network', network, '--epochs', epochs, '--seed', '1'];
    const share = (/** @type {number} */ of) => ['--batch', String(BATCH / of), '--learning-rate', String(RATE / of)];
    const place = ['--store', folder];
    const alone = await bluewaters([...training, ...share(1), '--run', `${dataset}-alone`, ...place]);
    const cluster = ['launch', '--servers', '1', '--workers', String(WORKERS), '--'];
    const ofOneThread = ['--threads', '1', '--run', `${dataset}-apart`, ...place];
    const apart = await bluewaters([...cluster, ...training, ...share(WORKERS), ...ofOneThread]);
    const [one, other] = [alone.result, apart.result.result].map(({ evaluation }) => evaluation.top1);
    const said = `${network} on ${dataset} after ${epochs} epochs: ${percent(one)} alone, ${percent(other)} by ${WORKERS} workers with a quarter of the batch and of the rate each`;
    demand(other >= one - 0.01, `within 1 point: got ${said}`);
    found.push(said);
  }
  return found.join('; ');
}

const FAULTS = 100;

/**
 * One run on two ranks, disturbed a hundred times, beside one that nobody disturbs.
 *
 * @param {string} folder
 */
export async function soak(folder) {
  await prepare('mnist', folder);
  const training = ['train', '--dataset', 'mnist', '--network', 'lenet', '--epochs', '25', '--seed', '1'];
  const place = ['--threads', '1', '--checkpoint-every-steps', '50', '--rank-timeout', '5', '--store', folder];
  /** @param {string} run */
  const command = (run) => ['launch', '--ranks', '2', '--restarts', '1000', '--', ...training, ...place, '--run', run];
  const reference = await bluewaters(command('quiet'));
  demand(reference.code === 0, 'the run that nobody disturbs ends');
  const beside = await Beside.start(join(folder, 'nats'));
  const disturbing = { run: 'disturbed', folder, faults: FAULTS, beside };
  const ended = await disturbed([...command('disturbed'), ...beside.flags], disturbing).finally(() => beside.stop());
  const { result, counts, generations, lost } = ended;
  const [quiet, other] = [reference.result.result, result.result].map(({ evaluation }) => JSON.stringify(evaluation));
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  demand(all === FAULTS, `${FAULTS} faults before the run has ended: got ${all}`);
  demand(lost === 0, `every checkpoint that was whole is gone on from, or a later one: ${lost} were not`);
  demand(quiet === other, `the same evaluation to the last bit: got ${other}, and ${quiet} undisturbed`);
  const kinds = Object.entries(counts).map(([kind, count]) => `${count} times ${kind}`);
  return `lenet on MNIST, 25 epochs on 2 ranks, disturbed ${all} times in ${generations} generations (${kinds.join(', ')}): no checkpoint lost, and the same evaluation to the last bit as undisturbed, ${percent(result.result.evaluation.top1)}`;
}
