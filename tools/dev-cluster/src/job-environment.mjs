/** Runs first in a job: prints, for a shell, what PBS would have set. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { META, SERVER } from './sbatch.mjs';
import { seat } from './seats.mjs';

/** @typedef {import('./request.mjs').JobRequest & { readonly workdir: string, readonly host: string }} Meta */

/** @param {string} name */
const variable = (name) => process.env[name] ?? '';

/** @type {Meta} */
const meta = JSON.parse(Buffer.from(variable(META), 'base64').toString('utf8'));
const number = variable('SLURM_JOB_ID');
const lines = execFileSync(
  'sinfo',
  ['-hN', '-p', variable('SLURM_JOB_PARTITION'), '-n', variable('SLURM_JOB_NODELIST'), '-o', '%N %f'],
  { encoding: 'utf8' },
);
const hosts = lines
  .trim()
  .split('\n')
  .map((line) => {
    const [host = '', features = ''] = line.trim().split(/\s+/u);
    return { host, features: features.split(',') };
  });
const seats = seat(meta.nodes, hosts);

const folder = join(dirname(variable('SLURM_CONF')), 'jobs', number);
mkdirSync(folder, { recursive: true });
const nodeFile = join(folder, 'nodefile');
// Bare numbers, each as often as the node has cores for this job: as on Blue Waters.
writeFileSync(nodeFile, seats.map(({ host, cores }) => `${Number(host.slice(3))}\n`.repeat(cores)).join(''));

const [first] = meta.nodes;
const assignments = {
  PBS_ENVIRONMENT: 'PBS_BATCH',
  PBS_JOBID: `${number}.${SERVER}`,
  PBS_JOBNAME: meta.name,
  PBS_QUEUE: variable('SLURM_JOB_PARTITION'),
  PBS_O_WORKDIR: meta.workdir,
  PBS_O_HOST: meta.host,
  PBS_NODEFILE: nodeFile,
  PBS_NUM_NODES: String(seats.length),
  PBS_NUM_PPN: String(first?.cores),
  PBS_NP: String(seats.reduce((sum, { cores }) => sum + cores, 0)),
  ...(meta.walltime !== undefined && { PBS_WALLTIME: String(meta.walltime) }),
  __PBS_SCRIPT: join(folder, 'script'),
  __PBS_SEATS: seats.map(({ host, cores }) => `${host}:${cores}`).join(','),
};
for (const [name, value] of Object.entries(assignments)) {
  console.log(`export ${name}='${value.replaceAll("'", String.raw`'\''`)}'`);
}
// PBS starts a script in the home directory, and knows nothing of Slurm's tasks.
console.log(`cd; unset ${META} SLURM_NTASKS SLURM_NPROCS SLURM_NTASKS_PER_NODE SLURM_TASKS_PER_NODE SLURM_EXPORT_ENV`);
