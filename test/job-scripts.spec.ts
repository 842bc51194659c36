import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from '@bluewaters/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from './support/pages.js';

const JOBS = readdirSync(join(ROOT, 'pbs')).filter((name) => name.endsWith('.pbs'));
const TWINS = readdirSync(join(ROOT, 'pbs/slurm'));

/** Enough for every job. */
const ARGUMENTS = {
  ...{ IMAGES: '/x/Images.tar', SYNSETS: '/x/synsets.txt', DATASET: 'fish', BATCH: '24' },
  ...{ PREVIOUS_JOBNAME: 'training', PREVIOUS_JOBID: '7.bw' },
};

/** Writes down its arguments, says the first line of another list, and ends with the first code of one; it takes both away. */
const LAUNCHER = `#!/bin/bash
echo "\${0##*/} $*" >> calls
code=$(head -n 1 codes); sed -i 1d codes
if [[ -e words ]]; then head -n 1 words | tr '|' '\\n' >&2; sed -i 1d words; fi
if [[ $code == 75 || $code == 76 ]]; then mkdir -p run/runs/fish-lenet/checkpoint_dir; fi
if [[ $code == 75 ]]; then date +%N > run/runs/fish-lenet/checkpoint_dir/checkpoint; fi
exit "\${code:-0}"
`;
const NOTING = '#!/bin/bash\necho "${0##*/} $*" >> calls\n';

describe('job scripts', { timeout: 60_000 }, () => {
  let workdir: string;

  beforeEach(async () => {
    workdir = await temporaryDirectory();
    await Promise.all([mkdir(join(workdir, 'bin')), mkdir(join(workdir, 'logs'))]);
    await writeFile(join(workdir, 'logs/training.7.bw'), '# a note\nSTORE=run\nRUN=fish-lenet\nDATASET=fish\n');
    await writeFile(join(workdir, 'nodefile'), '12\n12\n7\n7\n7\n');
    await program('aprun', LAUNCHER);
    await exits();
  });

  async function program(name: string, text: string): Promise<void> {
    await writeFile(join(workdir, 'bin', name), text);
    await chmod(join(workdir, 'bin', name), 0o755);
  }

  /** With what code the launcher ends, one after the other; then with 0. */
  const exits = (...codes: number[]): Promise<void> => writeFile(join(workdir, 'codes'), codes.join('\n'));

  const calls = async (): Promise<string[]> =>
    (await readFile(join(workdir, 'calls'), 'utf8').catch(() => '')).trimEnd().split('\n').filter(Boolean);

  async function start(script: string, given: Readonly<Record<string, string>>) {
    const env = {
      HOME: workdir,
      ...{ PATH: `${join(workdir, 'bin')}:${process.env['PATH']}`, BW_HOME: ROOT, ...given },
    };
    const run = promisify(execFile)('bash', [join(ROOT, 'pbs', script)], { cwd: workdir, env });
    return run.then(
      (said) => ({ code: 0, ...said }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  }

  const pbs = (script: string, given: Readonly<Record<string, string>> = {}) => {
    const job = { PBS_O_WORKDIR: workdir, PBS_JOBID: '42.bw', PBS_NODEFILE: join(workdir, 'nodefile') };
    return start(script, { ...ARGUMENTS, ...job, PBS_NUM_PPN: '16', ...given });
  };

  const slurm = async (script: string, given: Readonly<Record<string, string>> = {}, nodes = ['cn012', 'cn007']) => {
    const show = `printf '%s\\n' ${nodes.join(' ')}`;
    await program('scontrol', `#!/bin/bash\n[[ $1 != show ]] || { ${show}; exit; }\necho "scontrol $*" >> calls\n`);
    await program('squeue', '#!/bin/bash\necho 1-00:10:00\n');
    await program('srun', LAUNCHER);
    const job = { SLURM_SUBMIT_DIR: workdir, SLURM_JOB_ID: '42', SLURM_JOB_NODELIST: 'cn[007,012]' };
    return start(`slurm/${script}`, { ...ARGUMENTS, ...job, SLURM_CPUS_ON_NODE: '16', ...given });
  };

  it.each(JOBS)('%s shows what would run and runs nothing with DRY_RUN=1', async (job) => {
    const { code, stdout, stderr } = await pbs(job, { DRY_RUN: '1' });
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^aprun -b -n \d -N 1 -d 16 -cc none -- \S+bluewaters\.mjs \w+ /mu);
    expect(await calls()).toEqual([]);
    expect((await readdir(workdir)).sort()).toEqual(['bin', 'codes', 'logs', 'nodefile']);
  });

  it('tensorboard.pbs says that no image has TensorBoard, and without one by what tunnel it is reached', async () => {
    const refused = await pbs('tensorboard.pbs', { DRY_RUN: '1', IMAGE: 'ncsa/bw:1' });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('no image has TensorBoard') as string });
    const { stdout } = await pbs('tensorboard.pbs', { DRY_RUN: '1', PORT: '7000' });
    expect(stdout).toMatch(/^tensorboard: from your own machine: ssh -L 7000:\S+:7000 \S+, then open http:\/\/127/mu);
  });

  it('have a twin for Slurm each, which runs the same under srun', async () => {
    expect(TWINS).toEqual(JOBS.map((job) => job.replace('.pbs', '.sbatch')));
    const verb = (said: string): string[] =>
      [...said.matchAll(/bluewaters\.mjs (.*)/gu)].map(([, words = '']) => words);
    for (const [n, twin] of TWINS.entries()) {
      const one = await pbs(JOBS[n] ?? '', { DRY_RUN: '1' });
      const two = await slurm(twin, { DRY_RUN: '1' });
      expect(two.code, two.stderr).toBe(0);
      expect(two.stdout).toMatch(/^srun --nodes=\d --ntasks=\d --cpus-per-task=16 --mpi=pmi2 --wait=60 /mu);
      expect(verb(two.stdout.replace(/--stop-after \d+ /gu, ''))).toEqual(
        verb(one.stdout.replaceAll('.42.bw.', '.42.')),
      );
    }
  });

  it('start one rank on each node, by its own name, and stop it before the walltime ends', async () => {
    const { code, stdout, stderr } = await pbs('distributed_tf_launch.pbs', { PBS_WALLTIME: '3600' });
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('# job 42.bw on nid00012,nid00007 from ');
    const [call = '', ...others] = await calls();
    expect(call).toMatch(/^aprun -b -n 2 -N 1 -d 16 -cc none -- \S+ train --world-size 2 --stop-after 3(300|29\d) /u);
    expect(others).toEqual([]);
    await slurm('distributed_tf_launch.sbatch', { MARGIN: '600' });
    expect((await calls()).at(-1)).toMatch(/^srun .* train --world-size 2 --stop-after 86400 /u);
  });

  it('let the first nodes be servers, as many as are asked for, or a quarter, or those without a GPU', async () => {
    const roles = async (SERVERS: string): Promise<string | undefined> => {
      const { stdout } = await pbs('distributed_tf_launch.pbs', { DRY_RUN: '1', SERVERS });
      return / --(?:servers|layout) \S+/u.exec(stdout)?.[0];
    };
    expect(await roles('4')).toBe(' --servers 4');
    expect(await roles('quarter')).toBe(' --layout quarter');
    expect(await roles('by-gpu')).toBe(' --layout by-gpu');
    expect(await roles('')).toBeUndefined();
  });

  it('index and measure each split by its MODE, and no other', async () => {
    const dry = { DRY_RUN: '1', GROUND_TRUTH: '/x/truth.txt' };
    const calls: Record<string, string | undefined> = {};
    for (const MODE of ['train', 'validation', 'testing']) {
      const { stdout } = await pbs('extract_data_from_archive.pbs', { ...dry, MODE });
      calls[MODE] = / ingest --images \S+ (.*) --dataset fish /u.exec(stdout)?.[1];
      const measured = await pbs('inception_imagenet_validate.pbs', { ...dry, MODE });
      expect(measured.stdout).toContain(` --split ${MODE} `);
    }
    expect(calls).toEqual({
      train: '--synsets /x/synsets.txt',
      validation: '--split validation --ground-truth /x/truth.txt',
      testing: '--split testing --ground-truth /x/truth.txt',
    });
    for (const job of ['extract_data_from_archive.pbs', 'inception_imagenet_validate.pbs']) {
      const other = await pbs(job, { ...dry, MODE: 'test' });
      expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('or testing, not test') as string });
    }
  });

  it('let rank 0 bring a coordinator along where that is asked for, by another file in each generation', async () => {
    await exits(76);
    expect((await pbs('distributed_tf_launch.pbs', { COORDINATOR: '1' })).code).toBe(0);
    const files = (await calls()).map((call) => / --start-coordinator --bus file:(\S+) /u.exec(call)?.[1]);
    expect(files).toEqual([0, 1].map((n) => join(workdir, `logs/distributed_tf_launch.42.bw.${n}.bus`)));
  });

  it('go into images of Shifter and Apptainer', async () => {
    const dry = { DRY_RUN: '1', BW_HOME: ROOT };
    expect((await pbs('serve.pbs', { ...dry, UDI: 'ncsa/bw:1' })).stdout).toMatch(/ -cc none -- bluewaters serve /u);
    const { stdout } = await pbs('serve.pbs', { ...dry, IMAGE: 'ncsa/bw:1', MOUNTS: '/mnt/c /sw' });
    expect(stdout).toMatch(
      / -- shifter --image=docker:ncsa\/bw:1 --module=mpich --volume=\/mnt\/c:\/mnt\/c --volume=\/sw:\/sw -- bluewaters serve /u,
    );
    const twin = await slurm('serve.sbatch', {
      ...dry,
      IMAGE: 'bw.sif',
      MOUNTS: '/projects/bbxx',
      SLURM_GPUS_ON_NODE: '1',
    });
    expect(twin.stdout).toMatch(/ apptainer exec --nv --bind \/projects\/bbxx bw\.sif bluewaters serve /u);
  });

  it('are started by what the site has, with its modules and its container runtime', async () => {
    const dry = { DRY_RUN: '1', LAUNCHER: 'mpiexec', MODULES: 'mpich gcc', RUNTIME: 'apptainer', IMAGE: 'bw.sif' };
    const { stdout } = await pbs('distributed_tf_launch.pbs', { ...dry, MOUNTS: '/projects' });
    expect(stdout).toMatch(
      /^mpiexec -n 2 -ppn 1 -hosts nid00012\\?,nid00007 apptainer exec --bind \/projects bw\.sif bluewaters train /mu,
    );
    const unknown = await pbs('smoke_test.pbs', { LAUNCHER: 'ssh' });
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('LAUNCHER=ssh is not known') as string });
    const alone = await pbs('distributed_tf_launch.pbs', { LAUNCHER: 'none' });
    expect(alone).toMatchObject({ code: 1, stderr: expect.stringContaining('2 nodes, but no launcher') as string });
  });

  it('load the site’s modules first, and run nothing where one of them cannot be loaded', async () => {
    // A function that the login shell exports, as Lmod and Cray's modules are. It knows all but one.
    const text = '() { echo "module $*" >> calls; [[ $* != *no-such* ]] && export PATH="$PATH:/opt/mpich"; }';
    const site = { 'BASH_FUNC_module%%': text };
    await program('aprun', '#!/bin/bash\necho "aprun ${PATH##*:}" >> calls\n');
    const loaded = await pbs('distributed_tf_launch.pbs', { ...site, MODULES: 'mpich gcc/12' });
    expect(loaded.code, loaded.stderr).toBe(0);
    expect(await calls()).toEqual(['module load mpich gcc/12', 'aprun /opt/mpich']);
    const unloadable = await pbs('distributed_tf_launch.pbs', { ...site, MODULES: 'mpich no-such' });
    const stderr = expect.stringContaining('modules cannot be loaded: mpich no-such') as string;
    expect(unloadable).toMatchObject({ code: 1, stderr });
    expect((await calls()).slice(2)).toEqual(['module load mpich no-such']);
    // Nor where there are no modules at all, and a rehearsal loads none.
    expect(await pbs('smoke_test.pbs', { MODULES: 'mpich' })).toMatchObject({ code: 1 });
    await pbs('smoke_test.pbs', { ...site, MODULES: 'mpich', DRY_RUN: '1' });
    expect(await calls()).toHaveLength(3);
  });

  it('go back into the queue when ranks stopped after a checkpoint, or are followed where that is refused', async () => {
    await program('qrerun', NOTING);
    await program('qsub', NOTING);
    await exits(75, 75);
    expect((await pbs('distributed_tf_launch.pbs')).code).toBe(75);
    expect((await calls()).slice(1)).toEqual(['qrerun 42.bw']);
    await program('qrerun', '#!/bin/bash\nexit 1\n');
    expect((await pbs('distributed_tf_launch.pbs')).code).toBe(75);
    const follower = `qsub -V -W depend=afterany:42.bw ${ROOT}/pbs/distributed_tf_launch.pbs`;
    expect((await calls()).at(-1)).toBe(follower);
    await exits(75);
    expect((await slurm('distributed_tf_launch.sbatch')).code).toBe(75);
    expect((await calls()).at(-1)).toBe('scontrol requeue 42');
  });

  it('do not go round in circles: no walltime to speak of, or no step within it, is an error', async () => {
    await program('qrerun', NOTING);
    const short = await pbs('distributed_tf_launch.pbs', { PBS_WALLTIME: '200' });
    expect(short).toMatchObject({ code: 1, stderr: expect.stringContaining('MARGIN=300 s are to be kept') as string });
    await program('aprun', '#!/bin/bash\nexit 75\n');
    const idle = await pbs('distributed_tf_launch.pbs');
    expect(idle).toMatchObject({ code: 1, stderr: expect.stringContaining('no step was made') as string });
    expect(await calls()).toEqual([]);
  });

  it('start ranks again when one was lost, some times, and not when one said what is wrong', async () => {
    await exits(76, 137);
    expect((await pbs('distributed_tf_launch.pbs')).code).toBe(0);
    expect(await calls()).toHaveLength(3);
    await exits(76, 76);
    const lost = await pbs('distributed_tf_launch.pbs', { RESTARTS: '1' });
    expect(lost).toMatchObject({ code: 1, stderr: expect.stringContaining('ranks were lost 2 times') as string });
    await exits(1);
    expect((await pbs('distributed_tf_launch.pbs')).code).toBe(1);
    expect(await calls()).toHaveLength(6);
  });

  describe('with spare nodes', () => {
    const spare = { SPARES: '1' };
    const says = (...words: string[]): Promise<void> => writeFile(join(workdir, 'words'), words.join('\n'));

    it('train on the others, and on a spare one in the place of the one that a rank was lost on', async () => {
      await writeFile(join(workdir, 'nodefile'), '12\n12\n7\n7\n1009\n');
      await exits(137, 76);
      await says('[NID 00012] 2026-11-27 12:00:00 Apid 12: initiated application termination');
      const { code, stdout, stderr } = await pbs('distributed_tf_launch.pbs', spare);
      expect(code, stderr).toBe(0);
      const train = (nids: string) =>
        expect.stringMatching(`^aprun -b -n 2 .* -L ${nids} -- .* train --world-size 2 `) as string;
      // A second loss finds no spare node: the same two are tried again.
      expect(await calls()).toEqual([train('12,7'), train('7,1009'), train('7,1009')]);
      expect(stdout).toContain('it was on nid00012: going on without that node, on nid00007,nid01009\n');
      expect(stdout).toContain('nobody says which node it was on\n');
      expect(stdout).toContain('# job 42.bw on nid00007,nid01009 from ');
    });

    it.each([
      ['of Slurm', 'srun: error: cn007: task 1: Killed|srun: error: cn012: task 0: Exited with exit code 76'],
      ['of a failed node', 'srun: error: Node failure on cn007'],
      [
        'of a rank that misses another',
        'bluewaters: rank 0 ends this generation: no sign of life for 20 s from rank 1 on cn007.site.org|' +
          'srun: error: cn012: task 0: Exited with exit code 76|srun: error: cn007: task 1: Killed',
      ],
    ])('learn from the words %s which one it was', async (_, words) => {
      await exits(76);
      await says(words);
      const { code, stdout, stderr } = await slurm('distributed_tf_launch.sbatch', spare, ['cn012', 'cn007', 'cn0071']);
      expect(code, stderr).toBe(0);
      const on = (names: string) => expect.stringMatching(`^srun --nodes=2 .* --nodelist=${names} `) as string;
      expect(await calls()).toEqual([on('cn012,cn007'), on('cn012,cn0071')]);
      expect(stdout).toContain(words.split('|')[0]);
    });

    it('refuse to be nothing but spare nodes, and give none to jobs that ask for none', async () => {
      const idle = await pbs('distributed_tf_launch.pbs', { SPARES: '2' });
      expect(idle).toMatchObject({ code: 1, stderr: expect.stringContaining('leaves no node to train on') as string });
      await exits(76);
      await says('[NID 00012] 2026-11-27 12:00:00 Apid 12: initiated application termination');
      expect((await pbs('distributed_tf_launch.pbs')).code).toBe(0);
      expect(await calls()).toHaveLength(2);
      for (const call of await calls()) expect(call).not.toContain(' -L ');
    });
  });

  it('restore what a previous job left, as it had it, and refuse one that left nothing', async () => {
    await pbs('restore_graph.pbs', { DATASET: '', BATCH: '' });
    expect((await calls()).at(-1)).toMatch(/ --dataset fish --run fish-lenet --epochs 1 --store run$/u);
    const none = await pbs('restore_graph.pbs', { PREVIOUS_JOBID: '8.bw' });
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('no job left the note') as string });
  });
});
