import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from '@bluewaters/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { runCli, withoutOptions, type Ended } from './support/cli.js';
import { ROOT } from './support/pages.js';
import { writeArchive } from './support/pictures.js';

const JOBS = ['extract_data_from_archive', 'build_imagenet_data', 'distributed_tf_launch'];

const script = (job: number): string => join(ROOT, 'pbs', `${JOBS[job]}.pbs`);

/** Writes down how it was called and what it finds in the environment, and answers with a number as PBS and Slurm do. */
const SUBMIT = `#!/bin/bash
if [[ " $* " == *" $REFUSED "* ]]; then echo "\${0##*/}: no such account" >&2; exit 1; fi
{ echo "\${0##*/} $*"; env | grep -E '^(IMAGES|SYNSETS|LIST|DATASET|NETWORK|TRAIN_OPTIONS|BATCH|IMAGE|MOUNTS|LAUNCHER|SPARES)=' | sort; } >> "$CALLS"
echo "$(grep -c '^qsub\\|^sbatch' "$CALLS").bw"
`;
const CANCEL = '#!/bin/bash\necho "${0##*/} $*" >> "$CALLS"\n';

describe('submit', { timeout: 120_000 }, () => {
  let directory: string;
  let calls: string;
  let environment: NodeJS.ProcessEnv;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    const bin = join(directory, 'bin');
    calls = join(directory, 'calls');
    await mkdir(bin);
    for (const [name, text] of [
      ...[['qsub', SUBMIT] as const, ['sbatch', SUBMIT] as const],
      ...[['qdel', CANCEL] as const, ['scancel', CANCEL] as const],
    ]) {
      await writeFile(join(bin, name), text);
      await chmod(join(bin, name), 0o755);
    }
    for (const name of ['Images.tar', 'syn sets.txt', 'list.txt']) await writeFile(join(directory, name), '');
    environment = { CALLS: calls, PATH: `${bin}:${process.env['PATH']}`, BATCH: '7', LIST: 'of the shell' };
  });

  const submit = (args: readonly string[], env = {}): Promise<Ended> =>
    runCli(['submit', ...args], { cwd: directory, env: { ...environment, ...env } });

  const called = (): Promise<string> => readFile(calls, 'utf8').catch(() => '');

  const archive = ['--images', 'Images.tar', '--synsets', 'syn sets.txt', '--dataset', 'fish'];
  const training = ['--network', 'lenet', '--train-options=--decay-epochs 30,60'];

  it('gives PBS the jobs of the talk in a chain, each with its own arguments and those of no shell', async () => {
    const asked = ['--nodes', '16', '--queue', 'high', '--walltime', '100:00:00', '--account', 'bax'];
    const { code, stdout, stderr } = await submit(['--machine', 'bluewaters', ...archive, ...training, ...asked]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/distributed_tf_launch +3\.bw +16 xk +high +100:00:00/u);
    const variables = 'BW_HOME,LAUNCHER,DATASET';
    expect(await called()).toBe(
      [
        `qsub -N ${JOBS[0]} -v ${variables},IMAGES,SYNSETS -l nodes=1:ppn=32:xe,walltime=12:00:00 -q normal -A bax ${script(0)}`,
        ...['DATASET=fish', 'IMAGES=Images.tar', 'LAUNCHER=aprun', 'SYNSETS=syn sets.txt'],
        `qsub -N ${JOBS[1]} -v ${variables} -l nodes=1:ppn=32:xe,walltime=12:00:00 -q normal -A bax -W depend=afterok:1.bw ${script(1)}`,
        ...['DATASET=fish', 'LAUNCHER=aprun'],
        `qsub -N ${JOBS[2]} -v ${variables},NETWORK,TRAIN_OPTIONS -l nodes=16:ppn=16:xk,walltime=100:00:00 -q high -A bax -W depend=afterok:2.bw ${script(2)}`,
        ...['DATASET=fish', 'LAUNCHER=aprun', 'NETWORK=lenet', 'TRAIN_OPTIONS=--decay-epochs 30,60'],
        '',
      ].join('\n'),
    );
  });

  it('gives Slurm the same jobs with what its partitions want to know', async () => {
    const paths = archive.map((word) => word.replace(/^(?=Images|syn )/u, `${directory}/`));
    const mounted = join(directory, 'delta.json');
    const delta = JSON.parse(await readFile(join(ROOT, 'tools/cli/machines/delta.json'), 'utf8')) as object;
    await writeFile(mounted, JSON.stringify({ ...delta, mounts: [directory] }));
    const asked = ['--account', 'bbxx-delta-gpu', '--image', 'bw.sif', '--batch', '512'];
    const { code, stderr } = await submit(['--machine', mounted, ...paths, ...training, ...asked]);
    expect(code, stderr).toBe(0);
    const said = await called();
    expect(said).toContain(
      `--nodes=4 --ntasks-per-node=1 --cpus-per-task=16 --gpus-per-node=1 --mem=60G --partition=gpuA100x4 --time=24:00:00 ` +
        `--account=bbxx-delta-gpu --dependency=afterok:2.bw --requeue --open-mode=append ${script(2)}\n` +
        `BATCH=512\nDATASET=fish\nIMAGE=bw.sif\nLAUNCHER=srun\nMOUNTS=${directory}\nNETWORK=lenet\nTRAIN_OPTIONS=--decay-epochs 30,60\n`,
    );
    expect(said.match(/^sbatch --parsable --ignore-pbs /gmu)).toHaveLength(3);
  });

  it('asks for spare nodes beside those that train, among which a batch is divided', async () => {
    const asked = ['--nodes', '4', '--spares', '2', '--batch', '64', '--account', 'b'];
    expect((await submit(['--machine', 'bluewaters', ...archive, ...training, ...asked])).code).toBe(0);
    expect(await called()).toMatch(/-v \S+,SPARES\S* -l nodes=6:ppn=16:xk,/u);
    expect(await called()).toContain('SPARES=2\n');
    expect((await submit(['--machine', 'delta', ...archive, ...training, ...asked])).code).toBe(0);
    // Slurm would end the job with the first node that fails.
    const [prepare, train] = [/^sbatch .*extract_data.*$/mu, /^sbatch .*distributed_tf.*$/mu];
    expect(train.exec(await called())?.[0]).toMatch(/--nodes=6 .* --no-kill /u);
    expect(prepare.exec(await called())?.[0]).not.toContain('--no-kill');
    const uneven = await submit(['--machine', 'bluewaters', ...archive, ...asked.with(5, '63')]);
    expect(uneven.stderr).toContain('a multiple of 4, the nodes');
  });

  it.each(['bluewaters', 'delta'])(
    'prints with --dry-run a script for %s that does the same in a shell',
    async (name) => {
      const args = ['--machine', name, ...archive, ...training, '--account', 'b', '--image-list', "a 'list'.txt"];
      await writeFile(join(directory, "a 'list'.txt"), '');
      const dry = await submit([...args, '--dry-run']);
      expect([dry.code, await called()]).toEqual([0, '']);
      expect((await submit(args)).code).toBe(0);
      const submitted = await called();
      await rm(calls);
      const { LIST: _, BATCH: __, ...shell } = environment;
      const env = { ...withoutOptions(process.env), ...shell };
      await promisify(execFile)('bash', ['-c', dry.stdout], { cwd: directory, env });
      expect(await called()).toBe(submitted);
      expect(submitted).toContain("LIST=a 'list'.txt\n");
    },
  );

  it('takes back what it has submitted when the batch system refuses a job, with its words', async () => {
    const { code, stderr } = await submit(['--machine', 'bluewaters', ...archive], { REFUSED: JOBS[2] });
    expect(code).toBe(1);
    expect(stderr).toMatch(/BATCH_REFUSED: .*field distributed_tf_launch, .*got qsub: no such account/u);
    expect((await called()).match(/^qdel .*$/gmu)).toEqual(['qdel 2.bw', 'qdel 1.bw']);
  });

  it('submits nothing when there is something that cannot work, of the machine or of where it is called', async () => {
    const debug = await submit(['--machine', 'bluewaters', '--queue', 'debug', ...archive, '--json']);
    const details = { field: 'walltime', expected: 'at most 00:30:00 in the queue debug', got: '24:00:00' };
    expect(debug.json()).toMatchObject({ error: { code: 'CONFIG_INVALID', details } });
    const absent = await submit(['--machine', 'bluewaters', '--images', 'none.tar', ...archive.slice(2)]);
    expect(absent.stderr).toMatch(/FILE_NOT_FOUND: .*file none\.tar, field images/u);
    const nowhere = await submit(['--machine', 'bluewaters', ...archive], { PATH: '/nowhere' });
    expect(nowhere.stderr).toMatch(/TOOL_MISSING: .*expected qsub on the path/u);
    expect(await called()).toBe('');
  });

  it('runs them one after the other on a computer without a batch system, and none after one that failed', async () => {
    const { images, synsets } = await writeArchive(join(directory, 'archive'));
    const small = ['--train-shards', '2', '--validation-shards', '1', '--epochs', '1', '--batch', '24'];
    const all = ['--images', images, '--synsets', synsets, '--dataset', 'fish', '--network', 'lenet', ...small];
    const { code, stdout, stderr } = await submit(all);
    expect(code, stderr).toBe(0);
    expect(stdout.match(/^# ended with 0 /gmu)).toHaveLength(3);
    expect(stdout).toContain(`result in ${directory}/run/runs/fish-lenet/checkpoint_dir`);
    const failed = await submit(['--images', join(directory, 'Images.tar'), ...all.slice(2).with(3, 'other')]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/PROCESS_DIED: extract_data_from_archive ended with exit code 1/u);
    expect(failed.stdout.match(/^# ended with /gmu)).toHaveLength(1);
  });
});
