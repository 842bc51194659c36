/**
 * `aprun [-n PES] [-N PER_NODE] [-d DEPTH] [-cc none] [-b] [-L NIDS] [-e NAME=VALUE] PROGRAM… [: … PROGRAM…]`: starts an
 * application on the nodes of the job that it is called in, as one step of Slurm.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { APPLICATION, firstCode, whoLeft } from './application.mjs';
import { place } from './placement.mjs';
import { frontEnd, Refusal } from './refusal.mjs';
import { readSegments } from './segments.mjs';

const WATCH_MS = 1000;
/** On a Cray the others would wait in MPI_Init until the walltime ends. */
const INIT_SECONDS = Number(process.env['DEV_CLUSTER_INIT_SECONDS'] ?? 60);

/** @param {readonly string[]} args */
async function launch(args) {
  const { SLURM_CONF, SLURM_JOB_ID, __PBS_SEATS } = process.env;
  if (!SLURM_CONF || !SLURM_JOB_ID || !__PBS_SEATS) throw new Refusal('not inside a job');
  const { segments, environment } = readSegments(args);
  const seats = __PBS_SEATS.split(',').map((seat) => {
    const [host = '', cores] = seat.split(':');
    return { host, cores: Number(cores) };
  });
  const hosts = place(segments, seats);
  const folder = mkdtempSync(join(dirname(SLURM_CONF), 'jobs', SLURM_JOB_ID, 'application-'));
  try {
    const processes = segments.flatMap(({ command, depth }, segment) =>
      (hosts[segment] ?? []).map(() => ({ segment, command, depth })),
    );
    writeFileSync(join(folder, 'processes.json'), JSON.stringify(processes));
    writeFileSync(
      join(folder, 'hosts'),
      hosts
        .flat()
        .map((host) => `${host}\n`)
        .join(''),
    );
    const code = await runStep(folder, hosts.flat(), { ...environment, ALPS_APP_ID: SLURM_JOB_ID });
    return firstCode(folder) ?? code;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * @param {string} folder Of the application.
 * @param {readonly string[]} hosts Of each process.
 * @param {Readonly<Record<string, string>>} environment
 * @returns {Promise<number>} The exit code of Slurm.
 */
async function runStep(folder, hosts, environment) {
  const step = spawn(
    'srun',
    [
      ...['--mpi=pmi2', '--distribution=arbitrary', `--nodes=${new Set(hosts).size}`, `--ntasks=${hosts.length}`],
      ...['--overcommit', '--overlap', '--export=ALL', '--kill-on-bad-exit=1', '--quiet'],
      ...[process.execPath, fileURLToPath(new URL('process.mjs', import.meta.url))],
    ],
    {
      stdio: 'inherit',
      env: { ...process.env, ...environment, SLURM_HOSTFILE: join(folder, 'hosts'), [APPLICATION]: folder },
    },
  );
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT'])) process.on(signal, () => step.kill(signal));
  const watch = setInterval(() => watchInit(folder, hosts.length, () => step.kill('SIGTERM')), WATCH_MS);
  try {
    return await new Promise((resolve, reject) => {
      step.once('error', reject);
      step.once('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    });
  } finally {
    clearInterval(watch);
  }
}

/** When the first process called MPI_Init, in milliseconds. @type {number | undefined} */
let firstInit;

/**
 * @param {string} folder
 * @param {number} count
 * @param {() => void} end
 */
function watchInit(folder, count, end) {
  const begun = whoLeft(folder, 'init');
  if (begun.length === count || begun.length === 0) return;
  firstInit ??= Date.now();
  if (Date.now() - firstInit < INIT_SECONDS * 1000) return;
  const others = Array.from({ length: count }, (_, pe) => pe).filter((pe) => !begun.includes(pe));
  process.stderr.write(`aprun: process ${others.join()} did not call MPI_Init within ${INIT_SECONDS} s, others did\n`);
  end();
}

await frontEnd('aprun', () => launch(process.argv.slice(2)));
