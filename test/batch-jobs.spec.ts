import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from '@bluewaters/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { withoutOptions } from './support/cli.js';
import { ROOT } from './support/pages.js';
import { writeArchive } from './support/pictures.js';

/** In the order in which they are submitted. */
const JOBS = ['extract_data_from_archive.pbs', 'build_imagenet_data.pbs', 'distributed_tf_launch.pbs'] as const;
type Job = (typeof JOBS)[number];

/** How a program ended. */
interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function call(program: string, args: readonly string[], env = process.env): Promise<Ended> {
  try {
    return { code: 0, ...(await promisify(execFile)(program, [...args], { cwd: ROOT, env })) };
  } catch (error) {
    const { code, stdout, stderr } = error as Ended;
    return { code, stdout: stdout ?? '', stderr: stderr ?? String(error) };
  }
}

/** Writes down how it was called, one argument a line, and runs what stands after `--`. */
const APRUN = `#!/bin/bash
printf '%s\\n' "$@" >> "$APRUN_CALLS"
while [[ $1 != -- ]]; do shift; done
shift
exec "$@"
`;

describe('the batch jobs', { timeout: 120_000 }, () => {
  let submittedFrom: string;
  let spool: string;
  let variables: Record<string, string>;
  const first = new Map<Job, Ended>();

  beforeAll(async () => {
    const directory = await temporaryDirectory();
    [submittedFrom, spool] = [join(directory, 'submitted from'), join(directory, 'spool')];
    await Promise.all([mkdir(submittedFrom), mkdir(spool)]);
    const { images, synsets, words } = await writeArchive(join(directory, 'archive'));
    variables = { IMAGES: images, SYNSETS: synsets, WORDS: words, DATASET: 'fish', NETWORK: 'lenet' };
    Object.assign(variables, { TRAIN_SHARDS: '3', VALIDATION_SHARDS: '2', EPOCHS: '2', BATCH: '24' });
    for (const job of JOBS) first.set(job, await submit(job, variables));
  }, 120_000);

  /** Runs a job as PBS does: a copy in its spool folder, with what `qsub -v` was given. */
  async function submit(job: string, given: Readonly<Record<string, string>>): Promise<Ended> {
    const script = join(spool, '42.SC');
    await copyFile(join(ROOT, 'pbs', job), script);
    // The tests' own MODE is none of a job's.
    const pbs = { PBS_O_WORKDIR: submittedFrom, PBS_NUM_PPN: '7', BW_HOME: ROOT, MODE: '' };
    return call('bash', [script], { ...withoutOptions(process.env), ...pbs, ...given });
  }

  it('leave a checkpoint_dir with the result of training, one after another', async () => {
    for (const [job, { code, stderr }] of first) expect(code, `${job}: ${stderr}`).toBe(0);
    const said = first.get(JOBS[2])?.stdout ?? '';
    const [, result = ''] = /^result in (.*)$/mu.exec(said) ?? [];
    expect(result).toBe(join(submittedFrom, 'run/runs/fish-lenet/checkpoint_dir'));
    const names = await readdir(result);
    const [, latest] =
      /model_checkpoint_path: "([^"]+)"/u.exec(await readFile(join(result, 'checkpoint'), 'utf8')) ?? [];
    expect(names).toEqual(expect.arrayContaining([`${latest}.index`, `${latest}.json`]));
  });

  it('run on a compute node, with all its cores, where there is aprun, and go on from where they stopped', async () => {
    const launchers = join(submittedFrom, 'launchers');
    const calls = join(submittedFrom, 'calls.txt');
    await mkdir(launchers);
    await writeFile(join(launchers, 'aprun'), APRUN);
    await chmod(join(launchers, 'aprun'), 0o755);
    const machine = { PATH: `${launchers}:${process.env['PATH']}`, APRUN_CALLS: calls };
    for (const job of JOBS) {
      await writeFile(calls, '');
      const { code, stderr } = await submit(job, { ...variables, ...machine, EPOCHS: '3' });
      expect(code, `${job}: ${stderr}`).toBe(0);
      const call = (await readFile(calls, 'utf8')).trimEnd().split('\n').join(' ');
      expect(call).toMatch(/ -d 7 -cc none -- \S+bluewaters\.mjs (ingest|shards build|train) /u);
      if (job === JOBS[2]) expect(stderr).toMatch(/going on from the checkpoint of step \d+/u);
    }
  });

  it('are run again as they were, but replace nothing that was made in another way', async () => {
    const { code, stderr } = await submit(JOBS[1], { ...variables, TRAIN_SHARDS: '4' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/would replace what was made otherwise, by: shards build .*--train-shards 3 /u);
  });

  it('say what ran where, and later jobs find by it what they are to look at', async () => {
    const note = await readFile(join(submittedFrom, 'logs', `${JOBS[2].slice(0, -4)}.0`), 'utf8');
    expect(note).toMatch(/^# job 0 on \S+ from \d{4}-.*\n# version \d\S+, commit \S+, image none\n/u);
    expect(note).toMatch(/^DATASET=fish\nNETWORK=lenet\nEPOCHS=\d+\nBATCH=24\n# \S+ train /mu);
    expect(note.trimEnd().split('\n').at(-1)).toMatch(/^# ended with 0 at \d{4}-/u);

    const previous = { PREVIOUS_JOBNAME: 'distributed_tf_launch', PREVIOUS_JOBID: '0', MODE: 'validation' };
    const { code, stdout, stderr } = await submit('inception_imagenet_validate.pbs', previous);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/evaluate --model fish --dataset fish --split validation/u);
    expect(stdout).toMatch(/fish 0 +4 /u);
  });

  it('make a model of what a walltime cut off, and measure it', async () => {
    const programs = join(submittedFrom, 'programs');
    await mkdir(programs);
    await writeFile(join(programs, 'qrerun'), '#!/bin/bash\necho again: "$@"\n', { mode: 0o755 });
    const walltime = { PATH: `${programs}:${process.env['PATH']}`, PBS_WALLTIME: '20', MARGIN: '8', PBS_JOBID: '7.bw' };
    const endless = { ...variables, ...walltime, RUN: 'cut', MODEL: 'cut', EPOCHS: '100000' };
    const { code: cut, stdout: said, stderr: why } = await submit(JOBS[2], endless);
    expect(cut, why).toBe(75);
    expect(said).toContain('again: 7.bw');

    const previous = { PREVIOUS_JOBNAME: 'distributed_tf_launch', PREVIOUS_JOBID: '7.bw' };
    const restored = await submit('restore_graph.pbs', { ...previous, PBS_JOBID: '8.bw' });
    expect(restored.code, restored.stderr).toBe(0);
    expect(restored.stderr).toMatch(/going on from the checkpoint of step \d+/u);
    const measured = await submit('inception_imagenet_validate.pbs', { ...previous, MODE: 'validation' });
    expect(measured.code, measured.stderr).toBe(0);
    expect(measured.stdout).toMatch(/evaluate --model cut .*fish 0 +4 /su);
  });

  it.each([
    [JOBS[0], 'IMAGES', 'name the archive'],
    [JOBS[0], 'SYNSETS', 'name the synset list'],
    [JOBS[0], 'DATASET', 'name the dataset'],
    [JOBS[1], 'DATASET', 'name the dataset'],
    [JOBS[2], 'DATASET', 'name the dataset'],
  ] as const)('%s says by name that %s was not given', async (job, name, sentence) => {
    const { [name]: _, ...others } = variables;
    const { code, stderr } = await submit(job, others);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`${name}: ${sentence}: qsub -v ${name}=`);
  });
});
