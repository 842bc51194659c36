import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort, temporaryDirectory, until } from '@bluewaters/testing';
import { withoutOptions } from './cli.js';
import { ROOT } from './pages.js';

/** A cluster on this host, with the commands of PBS. */
export interface Cluster {
  /** Where jobs are submitted from. */
  readonly workdir: string;
  /** Submits a job and resolves to its number, such as `3.bw`. */
  qsub(script: string, options: readonly string[], variables?: Readonly<Record<string, string>>): Promise<string>;
  /** Runs one of the cluster's commands. */
  call(command: string, ...args: string[]): Promise<string>;
  /** What a job has written so far. */
  output(job: string): Promise<string>;
  /** The letter of a job's state; `C` once it is over. */
  state(job: string): Promise<string>;
  says(job: string, what: RegExp, patienceMs: number): Promise<void>;
  ended(job: string, patienceMs: number): Promise<void>;
  /** Ends the jobs that are left. */
  clear(): Promise<void>;
  /** Cuts the power of a node, or starts it again. */
  node(order: 'fail' | 'repair', node: string): Promise<void>;
  stop(): Promise<void>;
}

const run = promisify(execFile);

/** Starts four nodes, one of them without a GPU. */
export async function startCluster(): Promise<Cluster> {
  const workdir = await temporaryDirectory();
  const folder = join(workdir, 'cluster');
  const script = join(ROOT, 'tools/dev-cluster/dev-cluster.sh');
  const { MODE: _, ...inherited } = withoutOptions(process.env);
  const env = {
    ...inherited,
    ...{ DEV_CLUSTER: folder, DEV_CLUSTER_PORT: String(await freePort()), SLURM_CONF: join(folder, 'slurm.conf') },
    PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
    BW_HOME: ROOT,
  };
  const call = async (command: string, ...args: string[]): Promise<string> =>
    (await run(command, args, { cwd: workdir, env })).stdout.trim();
  await call(script, 'start');
  const state = async (job: string): Promise<string> => / (\w) \w+$/u.exec(await call('qstat', job))?.[1] ?? '';
  /** Asking is a program that starts: not a hundred times a second. */
  const eventually = (what: string, holds: () => Promise<boolean>, patienceMs: number): Promise<void> =>
    until(what, async () => (await sleep(500), holds()), patienceMs);
  const output = async (job: string): Promise<string> => {
    const [, name = ''] = (await call('qstat', job)).split(' ');
    return readFile(join(workdir, `${name}.o${job.replace(/\..*/u, '')}`), 'utf8').catch(() => '');
  };
  return {
    ...{ workdir, call, state },
    qsub: (name, options, variables = {}) => {
      const given = Object.entries(variables).map(([variable, value]) => `,${variable}=${value}`);
      return call('qsub', ...options, '-v', `BW_HOME${given.join('')}`, name);
    },
    output,
    says: (job, what, patienceMs) =>
      eventually(`job ${job} to say ${what}`, async () => what.test(await output(job)), patienceMs),
    ended: (job, patienceMs) => eventually(`the end of job ${job}`, async () => (await state(job)) === 'C', patienceMs),
    clear: async () => {
      if ((await call('squeue', '--noheader')) === '') return;
      await call('scancel', '--full', `--user=${userInfo().username}`);
      await eventually('an empty queue', async () => (await call('squeue', '--noheader')) === '', 60_000);
    },
    node: async (order, node) => void (await call(script, order, node)),
    stop: async () => void (await call(script, 'stop')),
  };
}
