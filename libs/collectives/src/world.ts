/** Which rank of how many a process is, as the program that started it says in the environment. */
import { readFileSync } from 'node:fs';
import { CodedError } from '@bluewaters/errors';

/** Who starts ranks: MPICH's and Open MPI's `mpiexec`, Cray's `aprun`, Slurm's `srun`. */
export type Launcher = 'mpich' | 'open-mpi' | 'alps' | 'slurm';

/** A process's place among those that were started with it. */
export interface Place {
  readonly launcher: Launcher;
  /** From 0; rank 0 leads. */
  readonly rank: number;
  /** Ranks in all; undefined where the launcher does not say. */
  readonly size: number | undefined;
}

/** The place of a process that was told it, and finds the others by a folder. */
export interface MeetingPlace {
  /** From 0; rank 0 leads. */
  readonly rank: number;
  /** Ranks in all. */
  readonly size: number;
  /** A folder that all ranks of this generation see, and none of another. */
  readonly rendezvous: string;
}

/** Variables of a launcher. */
interface Variables {
  readonly launcher: Launcher;
  readonly rank: string;
  readonly size?: string;
  /** Counts the ranks of this host. */
  readonly here?: string;
}

/** By launcher, those first that are the most particular: `srun` may start ranks of either MPI. */
const VARIABLES: readonly Variables[] = [
  {
    launcher: 'open-mpi',
    rank: 'OMPI_COMM_WORLD_RANK',
    size: 'OMPI_COMM_WORLD_SIZE',
    here: 'OMPI_COMM_WORLD_LOCAL_SIZE',
  },
  { launcher: 'mpich', rank: 'PMI_RANK', size: 'PMI_SIZE', here: 'MPI_LOCALNRANKS' },
  { launcher: 'alps', rank: 'ALPS_APP_PE' },
  // SLURM_NTASKS and SLURM_PROCID are set in a batch script too, which is no rank.
  { launcher: 'slurm', rank: 'SLURM_PROCID', size: 'SLURM_STEP_NUM_TASKS' },
];

/**
 * The place of this process among the ranks that were started together; undefined for a process that was started alone.
 *
 * @param given `worldSize`: ranks that were asked for, by a flag. It goes before what the environment says, and has to be
 * given under `aprun`, unless `PBS_NODEFILE` says it.
 * @throws {CodedError} CONFIG_INVALID when a variable that counts ranks holds no number.
 */
export function placeInWorld(
  environment: NodeJS.ProcessEnv,
  { worldSize }: { readonly worldSize?: number | undefined } = {},
): Place | undefined {
  const found = VARIABLES.find(({ rank, size }) => environment[rank] && (size === undefined || environment[size]));
  if (!found) return undefined;
  const { launcher } = found;
  const said = found.size === undefined ? ranksOfJob(environment) : countIn(environment, found.size);
  return { launcher, rank: countIn(environment, found.rank), size: worldSize ?? said };
}

/**
 * How many ranks a batch job has room for: one a node of `PBS_NODEFILE`, which names each node as often as the job has
 * cores there, or Slurm's tasks; undefined outside of a job.
 *
 * @throws {CodedError} CONFIG_INVALID when the file cannot be read.
 */
export function ranksOfJob(environment: NodeJS.ProcessEnv): number | undefined {
  const { PBS_NODEFILE: file, SLURM_NTASKS: tasks } = environment;
  if (file) return new Set(readNodeFile(file)).size;
  return tasks ? countIn(environment, 'SLURM_NTASKS') : undefined;
}

/** Whether the launcher says that all ranks are on this host. */
export function isOneHost(environment: NodeJS.ProcessEnv): boolean {
  for (const { size, here } of VARIABLES) {
    if (size && here && environment[size] && environment[here]) return environment[size] === environment[here];
  }
  return environment['SLURM_STEP_NUM_NODES'] === '1';
}

function readNodeFile(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch (cause) {
    throw new CodedError('CONFIG_INVALID', 'The list of hosts of this job cannot be read', {
      details: { field: 'PBS_NODEFILE', file },
      cause,
    });
  }
}

function countIn(environment: NodeJS.ProcessEnv, name: string): number {
  const text = environment[name] ?? '';
  const count = Number(text);
  if (text !== '' && Number.isInteger(count) && count >= 0) return count;
  throw new CodedError('CONFIG_INVALID', 'A variable of the launcher is not understood', {
    details: { field: name, expected: 'a count', got: text },
  });
}
