/** What cannot work is refused before anything is submitted: a job that fails in the queue is found out a day later. */
import { CodedError } from '@bluewaters/errors';
import type { Machine } from '../machines/machine.js';
import type { Asked, Job } from './chain.js';
import type { SubmitValues } from './options.js';

/** @throws {CodedError} CONFIG_INVALID naming the option, what the machine allows, and what was asked for. */
export function refuseJobs(machine: Machine, values: SubmitValues, jobs: readonly Job[]): void {
  if (machine.batch.system === 'none') refuseBatchOptions(machine, values);
  if (machine.batch.needsAccount && values.account === undefined) {
    throw refusal(machine, 'account', 'the account that pays', 'none');
  }
  for (const { asks } of jobs) refuseJob(machine, asks);
  const { nodes: all = 1, spares = 0 } = jobs.at(-1)?.asks ?? {};
  const nodes = all - spares;
  if (values.batch !== undefined && values.batch % nodes !== 0) {
    throw refusal(machine, 'batch', `a multiple of ${nodes}, the nodes`, String(values.batch));
  }
  if (values.image !== undefined) refuseUnseen(machine, values);
}

/** Options that mean nothing where no batch system reads them. */
function refuseBatchOptions(machine: Machine, values: SubmitValues): void {
  for (const name of ['queue', 'walltime', 'account'] as const) {
    const value = values[name];
    if (value !== undefined) throw refusal(machine, name, 'nothing, without a batch system', value);
  }
}

function refuseJob(machine: Machine, asks: Asked): void {
  const type = machine.nodeTypes[asks.nodeType];
  if (!type) throw refusal(machine, 'nodeType', Object.keys(machine.nodeTypes).join(' or '), asks.nodeType);
  // libtensorflow is built for x64 only.
  const { architecture = 'x86_64' } = type.system;
  if (architecture !== 'x86_64') throw refusal(machine, 'nodeType', 'nodes of x86_64', `nodes of ${architecture}`);
  refuseMore(machine, asks.nodes, type.nodes);
  if (asks.gpus > type.gpus) throw refusal(machine, 'gpus', `at most ${type.gpus}`, String(asks.gpus));
  if (asks.walltime !== undefined && secondsOf(asks.walltime) === undefined) {
    throw refusal(machine, 'walltime', 'hours:minutes:seconds, as in 12:00:00', asks.walltime);
  }
  refuseQueue(machine, asks);
}

function refuseQueue(machine: Machine, { queue: name, nodeType, nodes, walltime }: Asked): void {
  const { queues } = machine.batch;
  if (name === undefined || Object.keys(queues).length === 0) return;
  const queue = Object.hasOwn(queues, name) ? queues[name] : undefined;
  if (!queue) throw refusal(machine, 'queue', Object.keys(queues).join(' or '), name);
  if (queue.nodeTypes?.includes(nodeType) === false) {
    throw refusal(machine, 'nodeType', `${queue.nodeTypes.join(' or ')} in the queue ${name}`, nodeType);
  }
  refuseMore(machine, nodes, queue.nodes ?? nodes);
  if (walltime !== undefined && (secondsOf(walltime) ?? 0) > (secondsOf(queue.walltime) ?? 0)) {
    throw refusal(machine, 'walltime', `at most ${queue.walltime} in the queue ${name}`, walltime);
  }
}

function refuseMore(machine: Machine, nodes: number, most: number): void {
  if (nodes > most) throw refusal(machine, 'nodes', `at most ${most}`, String(nodes));
}

const PATHS = ['images', 'synsets', 'words', 'imageList', 'boxes', 'validationList', 'store'] as const;

/** Only what is mounted is there inside an image. */
function refuseUnseen(machine: Machine, values: SubmitValues): void {
  const { mounts, container } = machine;
  if (container.runtime === 'none')
    throw refusal(machine, 'image', 'none: no runtime is known there', values.image ?? '');
  if (mounts.length === 0) return;
  for (const name of PATHS) {
    const path = values[name];
    if (path === undefined || !path.startsWith('/')) continue;
    if (mounts.some((folder) => path === folder || path.startsWith(`${folder}/`))) continue;
    throw refusal(machine, name, `a path below ${mounts.join(' or ')}, which the image sees`, path);
  }
}

function refusal({ name }: Machine, field: string, expected: string, got: string): CodedError {
  return new CodedError('CONFIG_INVALID', `The job cannot run on ${name}`, { details: { field, expected, got } });
}

/** @returns Undefined for another form than hours:minutes:seconds. */
function secondsOf(walltime: string): number | undefined {
  const parts = /^(\d+):([0-5]\d):([0-5]\d)$/u.exec(walltime)?.slice(1).map(Number);
  return parts?.reduce((sum, part) => 60 * sum + part, 0);
}
