/** How each batch system is asked for a job, and told of another that it has to wait for. */
import type { Machine } from '../machines/machine.js';
import type { Job } from './chain.js';

/** A batch system's commands. */
export interface BatchSystem {
  readonly submit: string;
  readonly cancel: string;
  /** Others that jobs and their owners call. */
  readonly others: readonly string[];
  /** Arguments of {@link submit}. @param after The job to wait for, until it has ended well. */
  readonly arguments: (job: Job, machine: Machine, after: string | undefined) => string[];
  /** The job's number in what the command prints. */
  readonly idIn: (printed: string) => string;
  /** The same in a shell, of the variable that holds it. */
  readonly idOf: (variable: string) => string;
}

/** Variables are named only, and read from the environment: in `-v NAME=VALUE` a comma would end the value. */
const PBS: BatchSystem = {
  ...{ submit: 'qsub', cancel: 'qdel', others: ['qstat', 'qrerun'] },
  arguments: ({ name, script, asks, variables }, machine, after) => [
    ...['-N', name, '-v', Object.keys(variables).join(',')],
    ...['-l', pbsResources(asks, machine, 'IMAGE' in variables)],
    ...(asks.queue === undefined ? [] : ['-q', asks.queue]),
    ...(asks.account === undefined ? [] : ['-A', asks.account]),
    ...(after === undefined ? [] : ['-W', `depend=afterok:${after}`]),
    script,
  ],
  idIn: (printed) => printed.trim(),
  idOf: (variable) => `$${variable}`,
};

/** Kinds of nodes are features of them, where there is more than one kind. */
function pbsResources(asks: Job['asks'], { container, nodeTypes }: Machine, inImage: boolean): string {
  const feature = Object.keys(nodeTypes).length > 1 ? `:${asks.nodeType}` : '';
  return [
    `nodes=${asks.nodes}:ppn=${asks.cores}${feature}`,
    ...(asks.walltime === undefined ? [] : [`walltime=${asks.walltime}`]),
    ...(inImage && container.resource !== undefined ? [container.resource] : []),
  ].join(',');
}

/** The scripts are those of PBS, whose `#PBS` lines are passed over; their Slurm twins are Delta's heads for the same. */
const SLURM: BatchSystem = {
  ...{ submit: 'sbatch', cancel: 'scancel', others: ['squeue', 'scontrol'] },
  arguments: ({ name, script, asks }, _, after) => [
    ...['--parsable', '--ignore-pbs', '--export=ALL', `--job-name=${name}`, `--output=${name}.o%j`],
    ...[`--nodes=${asks.nodes}`, '--ntasks-per-node=1', `--cpus-per-task=${asks.cores}`],
    ...(asks.gpus === 0 ? [] : [`--gpus-per-node=${asks.gpus}`]),
    ...(asks.memoryGb === undefined ? [] : [`--mem=${asks.memoryGb}G`]),
    ...(asks.queue === undefined ? [] : [`--partition=${asks.queue}`]),
    ...(asks.walltime === undefined ? [] : [`--time=${asks.walltime}`]),
    ...(asks.account === undefined ? [] : [`--account=${asks.account}`]),
    ...(after === undefined ? [] : [`--dependency=afterok:${after}`]),
    // Else a node that fails would end the job, spare nodes or not.
    ...(asks.spares ? ['--no-kill'] : []),
    ...['--requeue', '--open-mode=append', script],
  ],
  // NUMBER, or NUMBER;CLUSTER.
  idIn: (printed) => printed.trim().replace(/;.*/u, ''),
  idOf: (variable) => `\${${variable}%%;*}`,
};

/** By the name in a machine's file. */
export const BATCH_SYSTEMS: Readonly<Record<Machine['batch']['system'], BatchSystem | undefined>> = {
  pbs: PBS,
  slurm: SLURM,
  none: undefined,
};
