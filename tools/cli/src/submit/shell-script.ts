/** The commands of a submission as a shell script: it does where it is run what `bluewaters submit` does here. */
import type { Machine } from '../machines/machine.js';
import { BATCH_SYSTEMS } from './batch-systems.js';
import type { Job } from './chain.js';

/** Lines for bash, which stop at the first command that fails. */
export function shellScript(machine: Machine, jobs: readonly Job[]): string[] {
  return ['set -e', ...jobs.map((job, index) => shellLine(machine, job, jobs[index - 1]?.name))];
}

function shellLine(machine: Machine, job: Job, before: string | undefined): string {
  const system = BATCH_SYSTEMS[machine.batch.system];
  const variables = Object.entries(job.variables).map(([name, value]) => `${name}=${quote(value)}`);
  if (!system) return ['env', 'PBS_O_WORKDIR="$PWD"', ...variables, 'bash', quote(job.script)].join(' ');
  const after = before === undefined ? undefined : system.idOf(before);
  const words = system
    .arguments(job, machine, after)
    .map((word) => (after !== undefined && word.endsWith(after) ? `"${word}"` : quote(word)));
  return `${job.name}=$(${['env', ...variables, system.submit, ...words].join(' ')})`;
}

/** As one word for a shell. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
