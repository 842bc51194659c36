/** Gives jobs to a batch system, each to run after the one before; or runs them here where there is none. */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { CodedError } from '@bluewaters/errors';
import { onLines } from '../launch.js';
import type { Machine } from '../machines/machine.js';
import type { VerbContext } from '../verb.js';
import { BATCH_SYSTEMS, type BatchSystem } from './batch-systems.js';
import { VARIABLE_NAMES, type Job } from './chain.js';

/** The number that a job has in the queue, in the order of the jobs. */
type Numbers = readonly string[];

/**
 * Submits jobs from the current folder.
 *
 * @returns Their numbers in the queue; none where they ran here.
 * @throws {CodedError} TOOL_MISSING without the batch system's commands; BATCH_REFUSED when it does not take a job, and
 * then those before it are taken back; PROCESS_DIED or INTERRUPTED when one that ran here did not end well.
 */
export async function submitJobs(machine: Machine, jobs: readonly Job[], context: VerbContext): Promise<Numbers> {
  const system = BATCH_SYSTEMS[machine.batch.system];
  if (system) return submitAll(system, machine, jobs);
  for (const job of jobs) await runHere(job, context);
  return [];
}

async function submitAll(system: BatchSystem, machine: Machine, jobs: readonly Job[]): Promise<Numbers> {
  const numbers: string[] = [];
  for (const job of jobs) {
    const words = system.arguments(job, machine, numbers.at(-1));
    try {
      const { stdout } = await promisify(execFile)(system.submit, words, { env: environmentOf(job) });
      numbers.push(system.idIn(stdout));
    } catch (cause) {
      await takeBack(system, numbers);
      throw refused(system, job, cause);
    }
  }
  return numbers;
}

/** A chain without its end is of use to nobody. The last first: none of them may start meanwhile. */
async function takeBack({ cancel }: BatchSystem, numbers: Numbers): Promise<void> {
  for (const number of [...numbers].reverse()) await promisify(execFile)(cancel, [number]).catch(() => undefined);
}

function refused({ submit }: BatchSystem, { name }: Job, cause: unknown): CodedError {
  const { code, stderr = '' } = cause as { readonly code?: number | string; readonly stderr?: string };
  if (code === 'ENOENT') {
    const details = { field: 'machine', expected: `${submit} on the path`, got: 'no such program' };
    return new CodedError('TOOL_MISSING', 'The batch system of the machine is not here', { details, cause });
  }
  const details = { field: name, expected: `a job that ${submit} takes`, got: stderr.trim() || `exit code ${code}` };
  return new CodedError('BATCH_REFUSED', 'The batch system does not take a job; those before it were taken back', {
    details,
    cause,
  });
}

/** What the submitting shell happens to have of the scripts' arguments is left out. */
function environmentOf({ variables }: Job): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !VARIABLE_NAMES.includes(name));
  return { ...Object.fromEntries(inherited), ...variables };
}

/** As PBS would, from the folder that it is submitted from. */
async function runHere(job: Job, { signal, print }: VerbContext): Promise<void> {
  signal.throwIfAborted();
  const child = spawn('bash', [job.script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // A process group of its own, so that a signal reaches what the script has started, and once.
    detached: true,
    env: { ...environmentOf(job), PBS_O_WORKDIR: process.cwd(), PBS_JOBID: `${process.pid}.here` },
  });
  const stop = (): void => void process.kill(-(child.pid ?? NaN), 'SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  onLines(child.stdout, print);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', (exitCode) => resolve(exitCode));
  });
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  if (code !== 0)
    throw new CodedError('PROCESS_DIED', `${job.name} ended with exit code ${code}; what follows was not run`);
}
